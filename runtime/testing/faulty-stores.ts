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

/**
 * What happens to a call: `before` fails it, and nothing happens; `after` fails it, though it
 * happens; `late` fails it, and it happens at `arrive()`.
 */
export type StoreFault = 'none' | 'before' | 'after' | 'late';

/** A call about to be made. `place` is a location, or the sort key of the first step. */
export interface StoreCall {
  readonly operation: 'put' | 'get' | 'list' | 'delete' | 'query' | 'write';
  readonly place: string;
}

/** Calls that fail, as a test asks for. */
class Faults {
  /** Asked for every call. */
  faultOf: (call: StoreCall) => StoreFault = () => 'none';
  readonly #late: (() => Promise<void>)[] = [];

  async run<T>(call: StoreCall, happen: () => Promise<T>): Promise<T> {
    const fault = this.faultOf(call);
    if (fault === 'none') return await happen();
    if (fault === 'after') await happen();
    if (fault === 'late') this.#late.push(async () => void (await happen()));
    throw injected(call);
  }

  async arrive(): Promise<void> {
    for (const happen of this.#late.splice(0)) await happen().catch(() => {});
  }
}

/** Blobs of another store, behind calls that fail. */
export class FaultyBlobStore implements BlobStore {
  readonly #inner: BlobStore;
  readonly #faults = new Faults();

  constructor(inner: BlobStore) {
    this.#inner = inner;
  }

  set faultOf(decide: (call: StoreCall) => StoreFault) {
    this.#faults.faultOf = decide;
  }

  /** Makes what is late happen now. */
  arrive(): Promise<void> {
    return this.#faults.arrive();
  }

  put(location: string, bytes: Uint8Array): Promise<void> {
    const call: StoreCall = { operation: 'put', place: location };
    return this.#faults.run(call, () => this.#inner.put(location, bytes));
  }

  get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const call: StoreCall = { operation: 'get', place: location };
    return this.#faults.run(call, () => this.#inner.get(location, range));
  }

  list(directory: string): Promise<readonly BlobInfo[]> {
    const call: StoreCall = { operation: 'list', place: directory };
    return this.#faults.run(call, () => this.#inner.list(directory));
  }

  delete(location: string): Promise<void> {
    const call: StoreCall = { operation: 'delete', place: location };
    return this.#faults.run(call, () => this.#inner.delete(location));
  }
}

/** Rows of another store, behind calls that fail. */
export class FaultyRowStore implements RowStore {
  readonly #inner: RowStore;
  readonly #faults = new Faults();

  constructor(inner: RowStore) {
    this.#inner = inner;
  }

  set faultOf(decide: (call: StoreCall) => StoreFault) {
    this.#faults.faultOf = decide;
  }

  /** Makes what is late happen now. */
  arrive(): Promise<void> {
    return this.#faults.arrive();
  }

  get(partitionKey: string, sortKey: string): Promise<Row | undefined> {
    const call: StoreCall = { operation: 'get', place: sortKey };
    return this.#faults.run(call, () => this.#inner.get(partitionKey, sortKey));
  }

  query(partitionKey: string, query?: RowQuery): Promise<readonly Row[]> {
    const call: StoreCall = { operation: 'query', place: partitionKey };
    return this.#faults.run(call, () => this.#inner.query(partitionKey, query));
  }

  write(steps: readonly RowWrite[]): Promise<void> {
    const call: StoreCall = { operation: 'write', place: steps[0]?.sortKey ?? '' };
    return this.#faults.run(call, () => this.#inner.write(steps));
  }
}

function injected({ operation, place }: StoreCall): StreamError {
  const message = `an injected fault operation=${operation} place=${place}`;
  const details = { operation, place };
  return new StreamError({ kind: 'unavailable', code: 'INJECTED', message, details });
}
