/**
 * Key groups, as Flink's `KeyGroupRangeAssignment` and `MathUtils`: the hash of a key, murmur
 * finalised, modulo the max parallelism; contiguous ranges of key groups for the subtasks. The
 * hashes are Java's, so a job's keys fall where Flink would put them.
 */
import { StreamError } from './errors.ts';
import { encodeKey } from './key-encoding.ts';

/** Upper bound of the max parallelism: 2^15. */
export const MAX_MAX_PARALLELISM = 32768;
const MIN_DEFAULT_MAX_PARALLELISM = 128;
const TWO_TO_32 = 4294967296;

/** Key groups of one subtask, both ends inclusive. Empty when `end < start`. */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

/** `MathUtils.murmurHash`: a non-negative int32 from any int32. */
export function murmurHash(code: number): number {
  let h = Math.imul(code, 0xcc9e2d51);
  h = (h << 15) | (h >>> 17);
  h = Math.imul(h, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  h ^= 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  if (h >= 0) return h;
  return h === -2147483648 ? 0 : -h;
}

/** @param keyHash an int32, see {@link hashKey}. */
export function keyGroupOf(keyHash: number, maxParallelism: number): number {
  return murmurHash(keyHash) % maxParallelism;
}

/** The subtask that owns a key group. */
export function operatorIndexOfKeyGroup(
  maxParallelism: number,
  parallelism: number,
  keyGroup: number,
): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

/** The key groups of subtask `operatorIndex`. */
export function keyGroupRangeOf(
  maxParallelism: number,
  parallelism: number,
  operatorIndex: number,
): KeyGroupRange {
  assertMaxParallelism(maxParallelism, parallelism);
  return {
    start: Math.floor((operatorIndex * maxParallelism + parallelism - 1) / parallelism),
    end: Math.floor(((operatorIndex + 1) * maxParallelism - 1) / parallelism),
  };
}

/** Flink's default: 1.5 times the parallelism, up to the next power of two, in [128, 32768]. */
export function defaultMaxParallelism(parallelism: number): number {
  let power = MIN_DEFAULT_MAX_PARALLELISM;
  const wanted = parallelism + Math.floor(parallelism / 2);
  while (power < wanted && power < MAX_MAX_PARALLELISM) power *= 2;
  return power;
}

/** @throws {StreamError} kind `invalid`, code `MAX_PARALLELISM_TOO_SMALL` or `.._OUT_OF_RANGE`. */
export function assertMaxParallelism(maxParallelism: number, parallelism: number): void {
  if (!(maxParallelism >= 1 && maxParallelism <= MAX_MAX_PARALLELISM)) {
    throw new StreamError({
      kind: 'invalid',
      code: 'MAX_PARALLELISM_OUT_OF_RANGE',
      message: `max parallelism must be between 1 and ${MAX_MAX_PARALLELISM}: maxParallelism=${maxParallelism}`,
      details: { maxParallelism },
    });
  }
  if (parallelism <= maxParallelism) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'MAX_PARALLELISM_TOO_SMALL',
    message: `max parallelism is smaller than the parallelism, raise it or lower the parallelism: maxParallelism=${maxParallelism} parallelism=${parallelism}`,
    details: { maxParallelism, parallelism },
  });
}

/**
 * Java's `hashCode` of a key: Integer, Long or Double by value, String, Boolean; bigints as Long
 * and folded beyond; arrays and plain objects through the string of their canonical encoding.
 *
 * @param key an encoded key (see `encodeKey`) or, for the same result, one it would leave alone.
 * @throws {StreamError} kind `user`, code `KEY_UNDEFINED` or `KEY_NOT_STABLE`, as `encodeKey`.
 */
export function hashKey(key: unknown): number {
  if (typeof key === 'number') return (key | 0) === key ? key | 0 : hashNumber(key);
  if (typeof key === 'string') return hashString(key);
  if (typeof key === 'boolean') return key ? 1231 : 1237;
  if (typeof key === 'bigint') return hashBigInt(key);
  return hashKey(encodeKey(key));
}

function hashString(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}

const scratch = new DataView(new ArrayBuffer(8));

function hashNumber(value: number): number {
  if (Number.isSafeInteger(value)) return Math.floor(value / TWO_TO_32) ^ (value >>> 0);
  encodeKey(value);
  scratch.setFloat64(0, value);
  return scratch.getInt32(0) ^ scratch.getInt32(4);
}

function hashBigInt(value: bigint): number {
  let h = 0;
  for (let rest = value; ; rest >>= 64n) {
    const word = Number(BigInt.asUintN(32, rest)) ^ Number(BigInt.asIntN(32, rest >> 32n));
    h = (Math.imul(h, 31) + word) | 0;
    if (BigInt.asIntN(64, rest) === rest) return h;
  }
}
