/**
 * Reads uploaded programs: a bundled module (`.js`, `.mjs`), or an archive that holds one (`.zip`,
 * `.jar`). Hostile until it is read.
 *
 * I1  Nothing of an archive is ever written to a path of its own: of its entries one is read into
 *     memory, the bundle, beside the manifest. A name that would leave its directory is refused
 *     all the same: whoever made it meant harm.
 * I2  Counts and sizes are checked as the archive declares them, before anything is unpacked; what
 *     is unpacked may not be longer than declared.
 */
import { Buffer } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import type { Entry, ZipFile } from 'yauzl';
import { ConfigOptions } from '../../core/index.ts';
import { badRequest, HttpRefusal } from './http-records.ts';

/** An upload: its bytes, or where they lie on this machine. */
export type ProgramContent = Uint8Array | { readonly path: string };

/** What an upload holds. */
export interface ReadProgram {
  /** An ES module. */
  readonly bundle: Uint8Array;
  /** Names of its exports that are jobs, the first of them if none is asked for; not empty. */
  readonly entries: readonly string[];
}

/** Exported when nothing else is said. */
const DEFAULT_ENTRY = ConfigOptions.JOB_EXPORT.defaultValue;
const MODULE_NAME = /\.m?js$/i;
const ARCHIVE_NAME = /\.(jar|zip)$/i;
const MANIFEST_NAME = 'META-INF/MANIFEST.MF';
const MAX_ENTRIES = 1000;
const MAX_MANIFEST_BYTES = 64 * 1024;
/** Text compresses to a tenth; what is a thousand times as long is meant to fill a memory. */
const MAX_RATIO = 200;
const ENCRYPTED_FLAG = 1;
const FILE_TYPE_MASK = 0o170_000;
const SYMLINK = 0o120_000;
const ZIP_OPTIONS = {
  lazyEntries: true,
  autoClose: false,
  strictFileNames: true,
  validateEntrySizes: true,
} as const;

/** What runs when the client names no job: the first. Pure. */
export function withEntry(
  configuration: Readonly<Record<string, unknown>>,
  [entry = DEFAULT_ENTRY]: readonly string[],
): Readonly<Record<string, unknown>> {
  const { key } = ConfigOptions.JOB_EXPORT;
  if (entry === DEFAULT_ENTRY || Object.hasOwn(configuration, key)) return configuration;
  return { ...configuration, [key]: entry };
}

/** @throws {HttpRefusal} 400: a name that no program has. */
export function checkProgramName(fileName: string): void {
  if (MODULE_NAME.test(fileName) || ARCHIVE_NAME.test(fileName)) return;
  throw badRequest('Only Jar files are allowed. (Or .zip, and bundled modules: .js and .mjs.)');
}

/**
 * Reads an upload to its end.
 *
 * @param maxBytes of the bundle, and of all that an archive holds.
 * @throws {HttpRefusal} 400 what is wrong with it, 413 too large.
 */
export async function readProgram(
  fileName: string,
  content: ProgramContent,
  maxBytes: number,
): Promise<ReadProgram> {
  checkProgramName(fileName);
  if (!ARCHIVE_NAME.test(fileName)) {
    return { bundle: await moduleOf(content, maxBytes), entries: [DEFAULT_ENTRY] };
  }
  const zip = await openArchive(content);
  try {
    return await readArchive(zip, maxBytes);
  } catch (thrown) {
    if (thrown instanceof HttpRefusal) throw thrown;
    throw unreadable(thrown);
  } finally {
    zip.close();
  }
}

async function moduleOf(content: ProgramContent, maxBytes: number): Promise<Uint8Array> {
  const isInMemory = content instanceof Uint8Array;
  const sizeBytes = isInMemory ? content.length : (await stat(content.path)).size;
  if (sizeBytes === 0) throw badRequest('The program is empty.');
  if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
  return isInMemory ? content : await readFile(content.path);
}

async function openArchive(content: ProgramContent): Promise<ZipFile> {
  const { fromBufferPromise, openPromise } = await import('yauzl');
  try {
    if (!(content instanceof Uint8Array)) return await openPromise(content.path, ZIP_OPTIONS);
    const { buffer, byteOffset, byteLength } = content;
    return await fromBufferPromise(Buffer.from(buffer, byteOffset, byteLength), ZIP_OPTIONS);
  } catch (thrown) {
    throw unreadable(thrown);
  }
}

async function readArchive(zip: ZipFile, maxBytes: number): Promise<ReadProgram> {
  const files = await checkedEntries(zip, maxBytes);
  const modules = [...files.values()].filter(({ fileName }) => {
    return MODULE_NAME.test(fileName) && !/^META-INF\//i.test(fileName);
  });
  const [module] = modules;
  if (module === undefined) {
    throw badRequest(
      'No jobs included in application: the archive has no bundled module, .js or .mjs. ' +
        'Programs for the JVM do not run here.',
    );
  }
  if (modules.length > 1) {
    throw badRequest(
      `The archive must have one module, it has ${modules.length}: bundle the job, with all it ` +
        'imports, into one.',
    );
  }
  const manifest = files.get(MANIFEST_NAME);
  const entries = manifest === undefined ? [] : manifestEntries(await textOf(zip, manifest));
  const bundle = await bytesOf(zip, module, maxBytes);
  if (bundle.length === 0) throw badRequest('The program is empty.');
  return { bundle, entries: entries.length === 0 ? [DEFAULT_ENTRY] : entries };
}

/** I1, I2. Files by name, without directories. */
async function checkedEntries(zip: ZipFile, maxBytes: number): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) {
    throw badRequest(`The archive has more than ${MAX_ENTRIES} entries.`);
  }
  const files = new Map<string, Entry>();
  let totalBytes = 0;
  for await (const entry of zip.eachEntry()) {
    checkEntry(entry);
    totalBytes += entry.uncompressedSize;
    if (totalBytes > maxBytes) throw tooLarge(maxBytes);
    if (entry.fileName.endsWith('/')) continue;
    if (files.has(entry.fileName)) {
      throw badRequest(`The archive has an entry twice: ${shown(entry.fileName)}`);
    }
    files.set(entry.fileName, entry);
  }
  return files;
}

function checkEntry(entry: Entry): void {
  const { fileName, compressedSize, uncompressedSize, externalFileAttributes } = entry;
  // The reader has refused `..`, absolute names and backslashes.
  const isHostile =
    fileName.includes('\0') ||
    fileName.split('/').some((part) => part === '..' || part === '.') ||
    /^([a-z]:|\/)/i.test(fileName);
  if (isHostile) throw badRequest(`The archive has an entry of a bad name: ${shown(fileName)}`);
  if (((externalFileAttributes >>> 16) & FILE_TYPE_MASK) === SYMLINK) {
    throw badRequest(`The archive has a symbolic link: ${shown(fileName)}`);
  }
  if ((entry.generalPurposeBitFlag & ENCRYPTED_FLAG) !== 0) {
    throw badRequest(`The archive has an encrypted entry: ${shown(fileName)}`);
  }
  if (uncompressedSize > MAX_RATIO * compressedSize + MAX_MANIFEST_BYTES) {
    throw badRequest(`The archive has an entry that is packed too well: ${shown(fileName)}`);
  }
}

async function textOf(zip: ZipFile, entry: Entry): Promise<string> {
  return new TextDecoder().decode(await bytesOf(zip, entry, MAX_MANIFEST_BYTES));
}

/** I2: the reader fails when an entry is longer than it says. */
async function bytesOf(zip: ZipFile, entry: Entry, maxBytes: number): Promise<Uint8Array> {
  if (entry.uncompressedSize > maxBytes) throw tooLarge(maxBytes);
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** `program-class`, else `Main-Class`: names, separated by commas. Lines go on after a space. */
function manifestEntries(manifest: string): readonly string[] {
  const lines = manifest.replaceAll(/\r\n?/g, '\n').replaceAll('\n ', '').split('\n');
  // What follows an empty line is of single files.
  const end = lines.indexOf('');
  const main = end < 0 ? lines : lines.slice(0, end);
  const attributeOf = (name: string): string | undefined => {
    const line = main.find((one) => one.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  };
  const value = attributeOf('program-class') ?? attributeOf('main-class') ?? '';
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A hostile name as part of a message. */
function shown(fileName: string): string {
  return JSON.stringify(fileName.slice(0, 100));
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The program is larger than ${maxBytes} bytes.`);
}

function unreadable(thrown: unknown): HttpRefusal {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return badRequest(`The archive does not read as a zip file: ${reason.slice(0, 200)}`);
}
