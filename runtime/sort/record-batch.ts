/** Records that wait to be sorted. */
import type { EncodedKey } from '../core/index.ts';
import { compareKeys } from './compare-keys.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { RecordCodecs } from './record-codecs.ts';

export class RecordBatch {
  readonly #numberOf = new Map<EncodedKey, number>();
  readonly #keys: EncodedKey[] = [];
  #values: unknown[] = [];
  readonly #keyNumbers: number[] = [];
  readonly #timestamps: number[] = [];
  readonly #inputs: number[] = [];

  get size(): number {
    return this.#values.length;
  }

  add(input: number, key: EncodedKey, timestampMs: number, value: unknown): void {
    let number = this.#numberOf.get(key);
    if (number === undefined) {
      number = this.#keys.push(key) - 1;
      this.#numberOf.set(key, number);
    }
    this.#keyNumbers.push(number);
    this.#timestamps.push(timestampMs);
    this.#inputs.push(input);
    this.#values.push(value);
  }

  /**
   * Writes all records in order and forgets them. Distinct keys are sorted, records are counted
   * out by key; those of a key are sorted by time only where they did not come so.
   *
   * @param written is told the size of each record.
   */
  writeSorted(
    writer: FrameWriter,
    codecs: RecordCodecs,
    written: (sizeBytes: number, isFull: boolean) => void,
  ): void {
    const values = this.#values;
    const { order, starts, keys } = this.#sorted();
    for (const [rank, key] of keys.entries()) {
      writer.startGroup(key);
      const end = starts[rank + 1] ?? values.length;
      for (let at = starts[rank] ?? 0; at < end; at += 1) {
        const i = order[at] ?? 0;
        const timestampMs = this.#timestamps[i] ?? 0;
        const sizeBytes = writer.write(codecs, this.#inputs[i] ?? 0, values[i], timestampMs);
        written(sizeBytes, writer.isFull);
      }
    }
    this.#clear();
  }

  /** `order` has the records by key and time, those of the n-th of `keys` from `starts[n]` on. */
  #sorted(): { order: Int32Array; starts: Int32Array; keys: readonly EncodedKey[] } {
    const keys = sortedKeys(this.#keys);
    const ranks = new Int32Array(keys.length);
    for (let rank = 0; rank < keys.length; rank += 1) {
      ranks[this.#numberOf.get(keys[rank] ?? 0) ?? 0] = rank;
    }
    const starts = new Int32Array(keys.length + 1);
    const keyNumbers = this.#keyNumbers;
    for (let i = 0; i < keyNumbers.length; i += 1) {
      const next = (ranks[keyNumbers[i] ?? 0] ?? 0) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    }
    for (let rank = 1; rank < starts.length; rank += 1) {
      starts[rank] = (starts[rank] ?? 0) + (starts[rank - 1] ?? 0);
    }
    const places = starts.slice();
    const order = new Int32Array(keyNumbers.length);
    for (let i = 0; i < keyNumbers.length; i += 1) {
      const rank = ranks[keyNumbers[i] ?? 0] ?? 0;
      const place = places[rank] ?? 0;
      order[place] = i;
      places[rank] = place + 1;
    }
    for (let rank = 0; rank < keys.length; rank += 1) {
      this.#sortByTime(order.subarray(starts[rank], starts[rank + 1]));
    }
    return { order, starts, keys };
  }

  #sortByTime(order: Int32Array): void {
    const timestamps = this.#timestamps;
    const inputs = this.#inputs;
    const compare = (left: number, right: number): number =>
      (timestamps[left] ?? 0) - (timestamps[right] ?? 0) ||
      (inputs[left] ?? 0) - (inputs[right] ?? 0) ||
      left - right;
    for (let at = 1; at < order.length; at += 1) {
      if (compare(order[at - 1] ?? 0, order[at] ?? 0) > 0) {
        order.sort(compare);
        return;
      }
    }
  }

  #clear(): void {
    this.#numberOf.clear();
    this.#keys.length = 0;
    this.#values = [];
    this.#keyNumbers.length = 0;
    this.#timestamps.length = 0;
    this.#inputs.length = 0;
  }
}

/** As {@link compareKeys} orders them; V8 sorts numbers, and texts by code units, by itself. */
function sortedKeys(keys: readonly EncodedKey[]): readonly EncodedKey[] {
  if (keys.every((key) => typeof key === 'number')) return [...Float64Array.from(keys).sort()];
  if (keys.every((key) => typeof key === 'string')) return keys.toSorted();
  return keys.toSorted(compareKeys);
}
