/** Writes zip files as tests need them: as wrong as they like. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** Of Unix, with the type of the file. @defaultValue a file */
  readonly mode?: number;
  /** What the archive says, whatever the content has. */
  readonly declaredBytes?: number;
  readonly flags?: number;
}

const FILE_MODE = 0o100_644;
const UTF8_NAMES = 0x800;

/** An archive of entries, deflated. */
export function zipBytes(entries: readonly ZipEntry[], declaredCount = entries.length): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offsetBytes = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const common = headerOf(entry, name.length);
    const data = deflateRawSync(entry.content);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, data]);
    const end = Buffer.alloc(14);
    end.writeUInt32LE(((entry.mode ?? FILE_MODE) << 16) >>> 0, 6);
    end.writeUInt32LE(offsetBytes, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, end, name);
    locals.push(local);
    offsetBytes += local.length;
  }
  const listed = Buffer.concat(directory);
  const tail = Buffer.alloc(22);
  tail.write('PK\x05\x06', 'latin1');
  tail.writeUInt16LE(declaredCount, 8);
  tail.writeUInt16LE(declaredCount, 10);
  tail.writeUInt32LE(listed.length, 12);
  tail.writeUInt32LE(offsetBytes, 16);
  return Buffer.concat([...locals, listed, tail]);
}

/** What the entry's own header and the directory have in common. */
function headerOf({ content, declaredBytes, flags = 0 }: ZipEntry, nameBytes: number): Buffer {
  const bytes = Buffer.from(content as string);
  const header = Buffer.alloc(26);
  header.writeUInt16LE(20, 0);
  header.writeUInt16LE(UTF8_NAMES | flags, 2);
  header.writeUInt16LE(8, 4);
  header.writeUInt32LE(crc32(bytes), 10);
  header.writeUInt32LE(deflateRawSync(bytes).length, 14);
  header.writeUInt32LE(declaredBytes ?? bytes.length, 18);
  header.writeUInt16LE(nameBytes, 22);
  return header;
}
