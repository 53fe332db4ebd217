/**
 * The inputs of a keyed vertex in BATCH: all input is taken first, then given to the head operator
 * key by key, in order of time, and where two inputs are keyed what both have of a key together.
 *
 * Owns the sorter. The gates of the task call {@link SortedInputs.inputs}; the task polls it, like
 * a source, once all of its inputs have ended.
 *
 * I1  An input without keys, as the broadcast side, goes to the operator as it comes: all of it
 *     before the first record of a keyed one.
 * I2  A keyed input's watermarks are held back: the last one comes after its last record, and
 *     between two keys time is that of no watermark.
 * I3  Each key is ended once, before the next one begins or the inputs end.
 *
 * @see Flink `SortingDataInput`, `MultiInputSortingDataInput`
 */
import { encodeKey, type KeySelector, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { Input, SourcePoll } from '../operators/index.ts';
import type { ExternalSorter, SortedRecords } from '../sort/index.ts';

export interface SortedInputsParts {
  /** The head operator's, by index. */
  readonly heads: readonly Input<unknown>[];
  /** Undefined: I1. */
  readonly keySelectors: readonly (KeySelector<unknown, unknown> | undefined)[];
  readonly sorter: ExternalSorter;
  /** I3. */
  readonly endKey: () => void;
  /** Names the operator in what its key selector threw, or why a record cannot be encoded. */
  readonly failure: (what: string, thrown: unknown, record?: unknown) => Error;
}

export class SortedInputs implements SortedRecords {
  /** What the gates call. */
  readonly inputs: readonly Input<unknown>[];
  readonly #parts: SortedInputsParts;
  /** I2. By index. */
  readonly #watermarksMs: number[];
  #open: number;
  #hasKey = false;

  constructor(parts: SortedInputsParts) {
    const { heads, keySelectors } = parts;
    this.#parts = parts;
    this.#watermarksMs = heads.map(() => MIN_TIMESTAMP_MS);
    this.#open = keySelectors.filter((selector) => selector !== undefined).length;
    this.inputs = heads.map((head, index) => {
      const selector = keySelectors[index];
      return selector === undefined ? head : this.#sorting(index, selector);
    });
  }

  /** False: it writes to disk and wants no more input. */
  get hasRoom(): boolean {
    return this.#open === 0 || this.#parts.sorter.hasRoom;
  }

  /** Hands over sorted records; once every input has ended. */
  poll(maxRecords: number): SourcePoll {
    const polled = this.#parts.sorter.poll(this, maxRecords);
    if (polled === 'end') this.#end();
    return polled;
  }

  available(): Promise<void> {
    return this.#parts.sorter.available();
  }

  /** Removes what is on disk. */
  close(): Promise<void> {
    return this.#parts.sorter.close();
  }

  startKey(): void {
    if (this.#hasKey) this.#parts.endKey();
    this.#hasKey = true;
  }

  record(input: number, value: unknown, timestampMs: number): void {
    this.#parts.heads[input]?.processElement(value, timestampMs, -1);
  }

  #sorting(index: number, selector: KeySelector<unknown, unknown>): Input<unknown> {
    const { sorter, failure } = this.#parts;
    return {
      processElement: (value, timestampMs) => {
        let key: ReturnType<typeof encodeKey>;
        try {
          key = encodeKey(selector(value));
        } catch (thrown) {
          throw failure('key selector', thrown, value);
        }
        try {
          sorter.add(index, key, timestampMs, value);
        } catch (thrown) {
          // Perhaps of a record before: they are written in batches.
          throw failure('encoding', thrown);
        }
      },
      processWatermark: (watermarkMs) => {
        this.#watermarksMs[index] = watermarkMs;
      },
      processIdle: () => undefined,
      endInput: () => {
        this.#open -= 1;
        if (this.#open === 0) this.#finish();
      },
    };
  }

  #finish(): void {
    const { sorter, failure } = this.#parts;
    try {
      sorter.finish();
    } catch (thrown) {
      throw failure('encoding', thrown);
    }
  }

  /** I2, I3. */
  #end(): void {
    if (this.#hasKey) this.#parts.endKey();
    const { heads, keySelectors } = this.#parts;
    const sorted = heads.filter((_, index) => keySelectors[index] !== undefined);
    for (const head of sorted) {
      const watermarkMs = this.#watermarksMs[heads.indexOf(head)] ?? MIN_TIMESTAMP_MS;
      if (watermarkMs > MIN_TIMESTAMP_MS) head.processWatermark(watermarkMs);
    }
    for (const head of sorted) head.endInput();
  }
}
