/**
 * What the windows of a triggered window operator hold, by key and window: accumulators, or with
 * an evictor all records and their timestamps.
 *
 * I1  A window that holds nothing has no entry: it does not fire.
 */
import type { EncodedKey } from '../core/index.ts';
import { type OperatorContext, UserFunction } from '../operators/index.ts';
import { flattenStrings, type HeapKeyedStateBackend, MapTable } from '../state/index.ts';
import type { Evictor, EvictorContext, TimestampedValue } from './evictor.ts';
import type { TimeWindow } from './time-window.ts';
import { assertMergeable, contentsMeta, type WindowAggregation } from './window-aggregation.ts';
import type { WindowEmitter } from './window-emitter.ts';

/** `id` names the window, or where windows merge its state window. */
export interface TriggeredContents<T> {
  /** Keys and windows that hold something. */
  readonly size: number;
  add(key: EncodedKey, id: string, value: T, timestampMs: number): void;
  fire(key: EncodedKey, id: string, window: TimeWindow): void;
  clear(key: EncodedKey, id: string): void;
  /** Moves what the sources hold into the target. */
  merge(key: EncodedKey, target: string, sources: readonly string[]): void;
}

export interface ContentsOptions<T, A, R, O> {
  readonly aggregation: WindowAggregation<T, A, R>;
  readonly emitter: WindowEmitter<T, A, R, O>;
  readonly backend: HeapKeyedStateBackend;
  readonly ctx: OperatorContext;
  readonly merges: boolean;
}

export class AccumulatedContents<T, A, R, O> implements TriggeredContents<T> {
  readonly #aggregation: WindowAggregation<T, A, R>;
  readonly #emitter: WindowEmitter<T, A, R, O>;
  readonly #table: MapTable<A>;
  readonly #user: UserFunction;
  readonly #mergeTwo: ((left: A, right: A) => A) | undefined;

  constructor({ aggregation, emitter, backend, ctx, merges }: ContentsOptions<T, A, R, O>) {
    this.#aggregation = aggregation;
    this.#emitter = emitter;
    this.#user = new UserFunction(undefined, aggregation.what, ctx);
    this.#mergeTwo = merges ? assertMergeable(aggregation) : undefined;
    this.#table = contentsTable<A>(aggregation, backend, merges);
  }

  get size(): number {
    return this.#table.size;
  }

  add(key: EncodedKey, id: string, value: T): void {
    const entry = this.#table.find(key, id);
    try {
      if (entry === undefined) {
        this.#table.put(key, id, this.#aggregation.first(value));
        return;
      }
      entry.value = this.#aggregation.add(value, entry.value);
    } catch (thrown) {
      throw this.#user.failure(thrown, value);
    }
    this.#table.touch(entry);
  }

  fire(key: EncodedKey, id: string, window: TimeWindow): void {
    const entry = this.#table.find(key, id);
    if (entry === undefined) return;
    this.#emitter.startWindow(window.start, window.end);
    this.#emitter.emit(key, entry.value);
  }

  clear(key: EncodedKey, id: string): void {
    const entry = this.#table.find(key, id);
    if (entry !== undefined) this.#table.remove(entry);
  }

  merge(key: EncodedKey, target: string, sources: readonly string[]): void {
    moveInto(this.#table, key, target, sources, (left, right) => {
      try {
        return this.#mergeTwo?.(left, right) ?? left;
      } catch (thrown) {
        throw this.#user.failure(thrown);
      }
    });
  }
}

export class EvictableContents<T, A, R, O> implements TriggeredContents<T> {
  readonly #evictor: Evictor<T>;
  readonly #context: EvictorContext;
  readonly #aggregation: WindowAggregation<T, A, R>;
  readonly #emitter: WindowEmitter<T, A, R, O>;
  readonly #table: MapTable<TimestampedValue<T>[]>;
  readonly #user: UserFunction;
  readonly #aggregateUser: UserFunction;

  constructor(
    evictor: Evictor<T>,
    context: EvictorContext,
    { aggregation, emitter, backend, ctx, merges }: ContentsOptions<T, A, R, O>,
  ) {
    this.#evictor = evictor;
    this.#context = context;
    this.#aggregation = aggregation;
    this.#emitter = emitter;
    this.#user = new UserFunction(undefined, 'evictor', ctx);
    this.#aggregateUser = new UserFunction(undefined, aggregation.what, ctx);
    this.#table = contentsTable({ contents: 'timestamped records' }, backend, merges);
  }

  get size(): number {
    return this.#table.size;
  }

  add(key: EncodedKey, id: string, value: T, timestampMs: number): void {
    const element = { value: flattenStrings(value), timestampMs };
    const entry = this.#table.find(key, id);
    if (entry === undefined) {
      this.#table.put(key, id, [element]);
      return;
    }
    entry.value.push(element);
    this.#table.touch(entry);
  }

  fire(key: EncodedKey, id: string, window: TimeWindow): void {
    const entry = this.#table.find(key, id);
    if (entry === undefined) return;
    const elements = entry.value;
    const before = elements.length;
    this.#evict('evictBefore', elements, window);
    const accumulator = this.#accumulated(elements);
    this.#emitter.startWindow(window.start, window.end);
    if (accumulator !== undefined) this.#emitter.emit(key, accumulator.value);
    this.#evict('evictAfter', elements, window);
    if (elements.length === 0) this.#table.remove(entry);
    else if (elements.length !== before) this.#table.touch(entry);
  }

  clear(key: EncodedKey, id: string): void {
    const entry = this.#table.find(key, id);
    if (entry !== undefined) this.#table.remove(entry);
  }

  merge(key: EncodedKey, target: string, sources: readonly string[]): void {
    moveInto(this.#table, key, target, sources, (left, right) => {
      for (const element of right) left.push(element);
      return left;
    });
  }

  #evict(
    method: 'evictBefore' | 'evictAfter',
    elements: TimestampedValue<T>[],
    window: TimeWindow,
  ): void {
    try {
      this.#evictor[method](elements, elements.length, window, this.#context);
    } catch (thrown) {
      throw this.#user.failure(thrown);
    }
  }

  /** Undefined: nothing is left, and nothing has no result. */
  #accumulated(elements: readonly TimestampedValue<T>[]): { readonly value: A } | undefined {
    const [first, ...others] = elements;
    const { empty } = this.#aggregation;
    let at = first?.value;
    try {
      if (first === undefined) return empty === undefined ? undefined : { value: empty() };
      let value = this.#aggregation.first(first.value);
      for (const element of others) {
        at = element.value;
        value = this.#aggregation.add(element.value, value);
      }
      return { value };
    } catch (thrown) {
      throw this.#aggregateUser.failure(thrown, at);
    }
  }
}

function contentsTable<V>(
  aggregation: Pick<WindowAggregation<never, never, unknown>, 'contents' | 'defaultKind'>,
  backend: HeapKeyedStateBackend,
  merges: boolean,
): MapTable<V> {
  const meta = contentsMeta(merges ? 'merging-window' : 'triggered-window', aggregation);
  const table = new MapTable<V>({ meta, tracksChanges: backend.tracksChanges });
  backend.registerTable(table);
  return table;
}

function moveInto<V>(
  table: MapTable<V>,
  key: EncodedKey,
  target: string,
  sources: readonly string[],
  mergeTwo: (left: V, right: V) => V,
): void {
  for (const source of sources) {
    const moved = table.find(key, source);
    if (moved === undefined) continue;
    table.remove(moved);
    const held = table.find(key, target);
    table.put(key, target, held === undefined ? moved.value : mergeTwo(held.value, moved.value));
  }
}
