const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotl = (value: bigint, by: bigint): bigint => u64((value << by) | (value >> (64n - by)));

/**
 * MurmurHash3 x64 128 bits with seed 0: 16 bytes, as Guava's `Hashing.murmur3_128(0)` gives them.
 * Written for the few dozen short inputs of a graph, not for speed.
 *
 * @see Guava `Murmur3_128HashFunction`; SMHasher `MurmurHash3_x64_128`.
 */
export function murmur3x128(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let h1 = 0n;
  let h2 = 0n;
  const blocks = Math.floor(bytes.length / 16);
  for (let block = 0; block < blocks; block++) {
    h1 ^= mixFirst(view.getBigUint64(block * 16, true));
    h1 = u64((rotl(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixSecond(view.getBigUint64(block * 16 + 8, true));
    h2 = u64((rotl(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  const tail = new DataView(new ArrayBuffer(16));
  for (let at = blocks * 16; at < bytes.length; at++) tail.setUint8(at % 16, view.getUint8(at));
  h1 ^= mixFirst(tail.getBigUint64(0, true));
  h2 ^= mixSecond(tail.getBigUint64(8, true));
  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  const out = new DataView(new ArrayBuffer(16));
  out.setBigUint64(0, h1, true);
  out.setBigUint64(8, h2, true);
  return new Uint8Array(out.buffer);
}

/** 32 lower-case hex digits of {@link murmur3x128} over the text's UTF-8 bytes. */
export function murmur3x128Hex(text: string): string {
  return toHex(murmur3x128(new TextEncoder().encode(text)));
}

/** Two lower-case hex digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function mixFirst(k: bigint): bigint {
  return u64(rotl(u64(k * C1), 31n) * C2);
}

function mixSecond(k: bigint): bigint {
  return u64(rotl(u64(k * C2), 33n) * C1);
}

function finish(h: bigint): bigint {
  let k = h;
  k = u64((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn);
  k = u64((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return k ^ (k >> 33n);
}
