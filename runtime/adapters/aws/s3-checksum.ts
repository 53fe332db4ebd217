import { crc32 } from 'node:zlib';

/** As S3 wants it: four bytes, base64. */
export function checksumOf(bytes: Uint8Array): string {
  const checksum = Buffer.allocUnsafe(4);
  checksum.writeUInt32BE(crc32(bytes));
  return checksum.toString('base64');
}
