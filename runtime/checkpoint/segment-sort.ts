/**
 * Collects the keys of a table's entries and brings them into the order of a segment: key group,
 * hash of the key (an int's hash is itself), key, sub key. Hashes are sorted by radix, which costs
 * the same for strings as for ints; only entries with equal hashes are compared.
 *
 * Owns scratch memory, which it keeps from one snapshot to the next.
 *
 * I1  The order depends on the entries alone, not on the order they come in.
 * I2  After `sort`, `order[starts[g] .. starts[g + 1])` are the entries of key group g.
 */
import {
  type EncodedKey,
  hashKey,
  type KeyGroupRange,
  murmurHash,
  StreamError,
} from '../core/index.ts';

const RADIX_BITS = 11;
const RADIX = 1 << RADIX_BITS;
const RADIX_MASK = RADIX - 1;
/** Makes signed order unsigned. */
const SIGN = 0x80000000;

/** See the header. */
export class KeySorter {
  /** True while every key is a number. */
  numberKeys = true;
  count = 0;
  order = new Uint32Array(0);
  starts = new Uint32Array(0);
  /** Undefined when no entry has one. */
  #subKeys: (EncodedKey | undefined)[] | undefined;
  /** Undefined while every key is an int: the hashes are the keys then. */
  #keys: EncodedKey[] | undefined;
  #hashes = new Uint32Array(0);
  #groups = new Uint16Array(0);
  #spare = new Uint32Array(0);

  get hasSubKeys(): boolean {
    return this.#subKeys !== undefined;
  }

  /** @param expected entries to make room for; more may come. */
  begin(expected: number): void {
    this.numberKeys = true;
    this.count = 0;
    this.#keys = undefined;
    this.#subKeys = undefined;
    if (this.#hashes.length < expected) this.#reserve(expected);
  }

  /** The index of the entry, from 0 on. */
  add(key: EncodedKey, subKey: EncodedKey | undefined): number {
    const at = this.count++;
    if (at >= this.#hashes.length) this.#reserve(2 * at + 16);
    if (typeof key === 'number' && (key | 0) === key) {
      this.#hashes[at] = key ^ SIGN;
      if (this.#keys !== undefined) this.#keys[at] = key;
    } else this.#addKey(at, key);
    if (subKey !== undefined) this.#addSubKey(at, subKey);
    return at;
  }

  key(entry: number): EncodedKey {
    const key = this.#keys === undefined ? undefined : this.#keys[entry];
    return key ?? (this.#hashes[entry] as number) ^ SIGN;
  }

  subKey(entry: number): EncodedKey | undefined {
    return this.#subKeys?.[entry];
  }

  /** @throws {StreamError} kind `internal`, code `KEY_GROUP_NOT_OWNED`. */
  sort(maxParallelism: number, keyGroups: KeyGroupRange, stateName: string): void {
    this.#sortByHash();
    this.#sortByGroup(maxParallelism);
    if (this.#keys !== undefined || this.#subKeys !== undefined) this.#sortEqualHashes();
    const { starts, order } = this;
    const outside = starts[keyGroups.start] !== 0 ? 0 : (starts[keyGroups.end + 1] ?? 0);
    if (outside >= this.count) return;
    throw notOwned(stateName, this.#groups[order[outside] ?? 0] ?? 0, keyGroups);
  }

  /** Lets go of the keys. */
  end(): void {
    this.#keys = undefined;
    this.#subKeys = undefined;
  }

  #addKey(at: number, key: EncodedKey): void {
    if (typeof key !== 'number') this.numberKeys = false;
    if (this.#keys === undefined) {
      const keys: EncodedKey[] = new Array(this.#hashes.length);
      for (let i = 0; i < at; i++) keys[i] = (this.#hashes[i] as number) ^ SIGN;
      this.#keys = keys;
    }
    this.#keys[at] = key;
    this.#hashes[at] = hashKey(key) ^ SIGN;
  }

  #addSubKey(at: number, subKey: EncodedKey): void {
    this.#subKeys ??= [];
    // Entries without one are holes, which read as undefined.
    this.#subKeys[at] = subKey;
  }

  #reserve(size: number): void {
    this.order = new Uint32Array(size);
    this.#spare = new Uint32Array(size);
    this.#groups = new Uint16Array(size);
    const hashes = new Uint32Array(size);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
  }

  /** Least significant digit first; digits that all entries share cost no pass. */
  #sortByHash(): void {
    const { count, order } = this;
    const hashes = this.#hashes;
    const [low, middle, high] = [0, 1, 2].map(() => new Uint32Array(RADIX)) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    for (let i = 0; i < count; i++) {
      order[i] = i;
      const hash = hashes[i] as number;
      (low[hash & RADIX_MASK] as number)++;
      (middle[(hash >>> RADIX_BITS) & RADIX_MASK] as number)++;
      (high[hash >>> (2 * RADIX_BITS)] as number)++;
    }
    for (const [digit, counts] of [low, middle, high].entries()) {
      const shift = digit * RADIX_BITS;
      const first = ((hashes[0] ?? 0) >>> shift) & RADIX_MASK;
      if (counts[first] !== count) this.#pass(shift, counts);
    }
  }

  #pass(shift: number, counts: Uint32Array): void {
    const { count, order } = this;
    const hashes = this.#hashes;
    const sorted = this.#spare;
    let sum = 0;
    for (let digit = 0; digit < RADIX; digit++) {
      const here = counts[digit] as number;
      counts[digit] = sum;
      sum += here;
    }
    for (let i = 0; i < count; i++) {
      const entry = order[i] as number;
      const digit = ((hashes[entry] as number) >>> shift) & RADIX_MASK;
      const at = counts[digit] as number;
      counts[digit] = at + 1;
      sorted[at] = entry;
    }
    this.order = sorted;
    this.#spare = order;
  }

  #sortByGroup(maxParallelism: number): void {
    const { count, order } = this;
    const [groups, hashes, sorted] = [this.#groups, this.#hashes, this.#spare];
    // While entries are placed, starts[g + 1] moves from the start of group g to its end.
    const starts = new Uint32Array(maxParallelism + 2);
    for (let i = 0; i < count; i++) {
      const group = murmurHash((hashes[i] as number) ^ SIGN) % maxParallelism;
      groups[i] = group;
      (starts[group + 2] as number)++;
    }
    for (let g = 2; g < starts.length; g++) (starts[g] as number) += starts[g - 1] as number;
    for (let i = 0; i < count; i++) {
      const entry = order[i] as number;
      const next = (groups[entry] as number) + 1;
      const at = starts[next] as number;
      starts[next] = at + 1;
      sorted[at] = entry;
    }
    this.starts = starts;
    this.order = sorted;
    this.#spare = order;
  }

  #sortEqualHashes(): void {
    const { count, order } = this;
    const hashes = this.#hashes;
    for (let from = 0; from < count; ) {
      const hash = hashes[order[from] as number];
      let to = from + 1;
      while (to < count && hashes[order[to] as number] === hash) to++;
      if (to - from > 1) order.subarray(from, to).sort((a, b) => this.#compare(a, b));
      from = to;
    }
  }

  #compare(a: number, b: number): number {
    const byKey = compareKeys(this.key(a), this.key(b));
    return byKey !== 0 ? byKey : compareKeys(this.subKey(a), this.subKey(b));
  }
}

const TYPE_ORDER: readonly string[] = ['undefined', 'number', 'string', 'bigint', 'boolean'];

/** A total order: none, numbers, strings by UTF-16 code unit, bigints, false, true. */
export function compareKeys(a: EncodedKey | undefined, b: EncodedKey | undefined): number {
  if (a === b) return 0;
  if (typeof a !== typeof b) return TYPE_ORDER.indexOf(typeof a) - TYPE_ORDER.indexOf(typeof b);
  return (a as EncodedKey) < (b as EncodedKey) ? -1 : 1;
}

function notOwned(state: string, keyGroup: number, { start, end }: KeyGroupRange): StreamError {
  return new StreamError({
    kind: 'internal',
    code: 'KEY_GROUP_NOT_OWNED',
    message: `a key lies outside of the key groups of this subtask, its records were sent to the wrong one: state=${state} keyGroup=${keyGroup} keyGroups=${start}-${end}`,
    details: { state, keyGroup, start, end },
  });
}
