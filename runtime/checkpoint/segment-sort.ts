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
/** So few entries with equal hashes are sorted in place: a call costs more than the work. */
const MAX_INSERTED = 16;
/** Makes signed order unsigned. */
const SIGN = 0x80000000;

/** See the header. */
export class KeySorter {
  /** True while every key is a number. */
  numberKeys = true;
  count = 0;
  order = new Uint32Array(0);
  starts = new Uint32Array(0);
  /** A sub key once for all entries that come with it in a row; at 0 undefined, for no sub key. */
  #subKeys: (EncodedKey | undefined)[] = [undefined];
  /** By entry, where its sub key is in `#subKeys`; undefined when none has one. */
  #subKeyIds: Uint32Array | undefined;
  #lastSubKey: EncodedKey | undefined;
  /** Undefined while every key is an int: the hashes are the keys then. */
  #keys: EncodedKey[] | undefined;
  #hashes = new Uint32Array(0);
  #groups = new Uint16Array(0);
  #spare = new Uint32Array(0);
  #ids = new Uint32Array(0);

  get hasSubKeys(): boolean {
    return this.#subKeyIds !== undefined;
  }

  /** Of all entries, in no order; some may be here more than once. */
  get subKeys(): readonly (EncodedKey | undefined)[] {
    return this.#subKeys;
  }

  /** @param expected entries to make room for; more may come. */
  begin(expected: number): void {
    this.numberKeys = true;
    this.count = 0;
    this.end();
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
    if (subKey !== this.#lastSubKey) this.#nextSubKey(at, subKey);
    if (this.#subKeyIds !== undefined) this.#subKeyIds[at] = this.#subKeys.length - 1;
    return at;
  }

  key(entry: number): EncodedKey {
    const key = this.#keys === undefined ? undefined : this.#keys[entry];
    return key ?? (this.#hashes[entry] as number) ^ SIGN;
  }

  subKey(entry: number): EncodedKey | undefined {
    return this.#subKeys[this.subKeyId(entry)];
  }

  /** Its index in {@link subKeys}. */
  subKeyId(entry: number): number {
    return this.#subKeyIds?.[entry] ?? 0;
  }

  /** @throws {StreamError} kind `internal`, code `KEY_GROUP_NOT_OWNED`. */
  sort(maxParallelism: number, keyGroups: KeyGroupRange, stateName: string): void {
    this.#sortByHash();
    this.#sortByGroup(maxParallelism);
    if (this.#keys !== undefined || !this.#cameInOrder()) this.#sortEqualHashes();
    const { starts, order } = this;
    const outside = starts[keyGroups.start] !== 0 ? 0 : (starts[keyGroups.end + 1] ?? 0);
    if (outside >= this.count) return;
    throw notOwned(stateName, this.#groups[order[outside] ?? 0] ?? 0, keyGroups);
  }

  /** Lets go of the keys. */
  end(): void {
    this.#keys = undefined;
    this.#subKeys = [undefined];
    this.#subKeyIds = undefined;
    this.#lastSubKey = undefined;
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

  #nextSubKey(at: number, subKey: EncodedKey | undefined): void {
    this.#subKeys.push(subKey);
    this.#lastSubKey = subKey;
    if (this.#subKeyIds !== undefined) return;
    this.#subKeyIds = this.#spareIds(this.#hashes.length);
    this.#subKeyIds.fill(0, 0, at);
  }

  /** Scratch memory of at least this size. */
  #spareIds(size: number): Uint32Array {
    if (this.#ids.length < size) this.#ids = new Uint32Array(size);
    return this.#ids;
  }

  #reserve(size: number): void {
    this.order = new Uint32Array(size);
    this.#spare = new Uint32Array(size);
    this.#groups = new Uint16Array(size);
    const hashes = new Uint32Array(size);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    if (this.#subKeyIds === undefined) return;
    const ids = this.#subKeyIds;
    this.#subKeyIds = this.#spareIds(size);
    this.#subKeyIds.set(ids);
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

  /** What has equal keys came in the order of sub keys, which sorting by hash has kept. */
  #cameInOrder(): boolean {
    const subKeys = this.#subKeys;
    for (let id = 1; id < subKeys.length; id++) {
      if (compareKeys(subKeys[id - 1], subKeys[id]) >= 0) return false;
    }
    return true;
  }

  /** Entries that differ in more than the hash. */
  #sortEqualHashes(): void {
    const { count, order } = this;
    const hashes = this.#hashes;
    for (let from = 0; from < count; ) {
      const hash = hashes[order[from] as number];
      let to = from + 1;
      while (to < count && hashes[order[to] as number] === hash) to++;
      if (to - from > MAX_INSERTED) {
        order.subarray(from, to).sort((a, b) => this.#compare(a, b));
      } else if (to - from > 1) this.#insertSorted(from, to);
      from = to;
    }
  }

  #insertSorted(from: number, to: number): void {
    const { order } = this;
    for (let i = from + 1; i < to; i++) {
      const entry = order[i] as number;
      let at = i;
      for (; at > from && this.#compare(order[at - 1] as number, entry) > 0; at--) {
        order[at] = order[at - 1] as number;
      }
      order[at] = entry;
    }
  }

  #compare(a: number, b: number): number {
    // Keys that are ints have the hash in common, so they are equal.
    const byKey = this.#keys === undefined ? 0 : compareKeys(this.key(a), this.key(b));
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
