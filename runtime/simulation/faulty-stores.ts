/**
 * A process's way to the stores, over a network and with a service in front that has bad days:
 * calls that fail, that happen and report failure, that happen long after failure was reported,
 * that are throttled. What settles well has happened.
 */
import type {
  BlobInfo,
  BlobRange,
  BlobStore,
  Row,
  RowQuery,
  RowStore,
  RowWrite,
} from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import type { SimProcess } from './sim-process.ts';

export interface StoreFaults {
  /** Refused, without effect. */
  throttleRate: number;
  /** Lost on the way: reported as failed, without effect. */
  loseRate: number;
  /** Done, and reported as failed. */
  ambiguousRate: number;
  /** Reported as failed, and done up to `maxLateMs` later. */
  lateRate: number;
  maxLateMs: number;
  maxDelayMs: number;
}

export const GOOD_STORE: StoreFaults = {
  throttleRate: 0,
  loseRate: 0,
  ambiguousRate: 0,
  lateRate: 0,
  maxLateMs: 0,
  maxDelayMs: 1,
};

/** Nothing is answered; writes may happen all the same, some of them late. */
export const STORE_OUTAGE: StoreFaults = {
  throttleRate: 0.4,
  loseRate: 0.2,
  ambiguousRate: 0.2,
  lateRate: 0.2,
  maxLateMs: 100,
  maxDelayMs: 5,
};

/** Calls to one service from one process. `faults` may change at any time. */
export class FaultyCalls {
  readonly #host: SimProcess;
  readonly #faults: () => StoreFaults;

  constructor(host: SimProcess, faults: () => StoreFaults) {
    this.#host = host;
    this.#faults = faults;
  }

  /** @param isWrite reads are never late or ambiguous. */
  call<T>(label: string, isWrite: boolean, operation: () => Promise<T>): Promise<T> {
    const { rng } = this.#host;
    const faults = this.#faults();
    const delays = {
      requestMs: rng.next() * faults.maxDelayMs,
      responseMs: rng.next() * faults.maxDelayMs,
    };
    const fate = rng.next();
    const { throttleRate, loseRate, ambiguousRate, lateRate } = faults;
    const fail = (code: string): Promise<never> => Promise.reject(unavailable(code, label));
    if (fate < throttleRate) {
      return this.#host.call(`throttled ${label}`, delays, () => fail('THROTTLED'));
    }
    if (fate < throttleRate + loseRate) {
      return this.#host.call(`lost ${label}`, delays, () => fail('TIMED_OUT'));
    }
    if (isWrite && fate < throttleRate + loseRate + ambiguousRate) {
      return this.#host.call(`ambiguous ${label}`, delays, async () => {
        await operation().catch(() => undefined);
        return await fail('TIMED_OUT');
      });
    }
    if (isWrite && fate < throttleRate + loseRate + ambiguousRate + lateRate) {
      const lateMs = rng.next() * faults.maxLateMs;
      return this.#host.call(`late ${label}`, delays, () => {
        // It is under way already: the death of the caller does not stop it.
        this.#host.world.schedule(lateMs, `at last ${label}`, () => {
          operation().catch(() => undefined);
        });
        return fail('TIMED_OUT');
      });
    }
    return this.#host.call(label, delays, operation);
  }
}

export class FaultyBlobStore implements BlobStore {
  /** Small, so that the small states of simulated jobs become blobs. */
  readonly inlineLimitBytes: number;
  readonly #inner: BlobStore;
  readonly #calls: FaultyCalls;

  constructor(inner: BlobStore, calls: FaultyCalls, inlineLimitBytes: number) {
    this.inlineLimitBytes = inlineLimitBytes;
    this.#inner = inner;
    this.#calls = calls;
  }

  put(location: string, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    return this.#calls.call(`put ${location}`, true, () => this.#inner.put(location, copy));
  }

  get(location: string, range?: BlobRange): Promise<Uint8Array> {
    return this.#calls.call(`get ${location}`, false, () => this.#inner.get(location, range));
  }

  list(directory: string): Promise<readonly BlobInfo[]> {
    return this.#calls.call(`list ${directory}`, false, () => this.#inner.list(directory));
  }

  delete(location: string): Promise<void> {
    return this.#calls.call(`delete ${location}`, true, () => this.#inner.delete(location));
  }
}

export class FaultyRowStore implements RowStore {
  readonly #inner: RowStore;
  readonly #calls: FaultyCalls;

  constructor(inner: RowStore, calls: FaultyCalls) {
    this.#inner = inner;
    this.#calls = calls;
  }

  get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    const label = `row ${partitionKey} ${sortKey}`;
    return this.#calls.call(label, false, () => this.#inner.get(partitionKey, sortKey));
  }

  query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]> {
    const label = `rows ${partitionKey} ${query?.sortKeyPrefix ?? ''}`;
    return this.#calls.call(label, false, () => this.#inner.query(partitionKey, query));
  }

  write(steps: readonly RowWrite[]): Promise<void> {
    const copy = structuredClone(steps);
    const label = `write ${copy.map((step) => `${step.type} ${step.sortKey}`).join()}`;
    return this.#calls.call(label, true, () => this.#inner.write(copy));
  }
}

function unavailable(code: string, label: string): StreamError {
  return new StreamError({ kind: 'unavailable', code, message: `no answer: call=${label}` });
}
