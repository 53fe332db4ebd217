import { checkFunction, invalid, type SingleOutputStreamOperator } from '../api/index.ts';
import type { TypeInformation } from '../core/index.ts';
import type { AggregateFunction, ReduceLike } from '../state/index.ts';
import {
  aggregateAggregation,
  componentName,
  listAggregation,
  recordsOf,
  reduceAggregation,
  StoredWindows,
  type WindowAggregation,
  type WindowAssigner,
} from '../windowing/index.ts';
import { stateProcessorError } from './errors.ts';
import { type KeyedSource, keyedStateSource } from './keyed-state-source.ts';
import { identifierOf, type OperatorLike } from './operator-identifier.ts';
import type { WindowReaderFunction, WindowReaderLike } from './reader-functions.ts';
import type { StoredOperator } from './stored-savepoint.ts';
import { contentsKindOf, WindowStateReader } from './window-state-reader.ts';

type AddSource = <T>(source: KeyedSource<T>) => SingleOutputStreamOperator<T>;

/** Reads windows that are kept until they fire; made by `SavepointReader.window`. */
export class WindowSavepointReader<T> {
  readonly #assigner: WindowAssigner<T>;
  readonly #path: string;
  readonly #addSource: AddSource;
  readonly #hasEvictor: boolean;

  /** @internal */
  constructor(assigner: WindowAssigner<T>, path: string, addSource: AddSource, hasEvictor = false) {
    this.#assigner = assigner;
    this.#path = path;
    this.#addSource = addSource;
    this.#hasEvictor = hasEvictor;
  }

  /** The job's windows have an evictor: they keep all their records. */
  evictor(): WindowSavepointReader<T> {
    return new WindowSavepointReader(this.#assigner, this.#path, this.#addSource, true);
  }

  /** Windows of `reduce`: a window's value, by itself or given to a function. */
  reduce(operator: OperatorLike, fn: ReduceLike<T>): SingleOutputStreamOperator<T>;
  reduce<K, O>(
    operator: OperatorLike,
    fn: ReduceLike<T>,
    reader: WindowReaderLike<T, O, K>,
    keyType?: TypeInformation<K>,
  ): SingleOutputStreamOperator<O>;
  reduce<K, O>(
    operator: OperatorLike,
    fn: ReduceLike<T>,
    reader?: WindowReaderLike<T, O, K>,
    keyType?: TypeInformation<K>,
  ): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'reduce of windows', 'reduce');
    const aggregation = reduceAggregation(fn) as WindowAggregation<unknown, unknown, unknown>;
    return this.#read(operator, aggregation, reader ?? passOn, keyType);
  }

  /** Windows of `aggregate`: a window's result, by itself or given to a function. */
  aggregate<A, R>(
    operator: OperatorLike,
    fn: AggregateFunction<T, A, R>,
  ): SingleOutputStreamOperator<R>;
  aggregate<A, R, K, O>(
    operator: OperatorLike,
    fn: AggregateFunction<T, A, R>,
    reader: WindowReaderLike<R, O, K>,
    keyType?: TypeInformation<K>,
  ): SingleOutputStreamOperator<O>;
  aggregate<A, R, K, O>(
    operator: OperatorLike,
    fn: AggregateFunction<T, A, R>,
    reader?: WindowReaderLike<R, O, K>,
    keyType?: TypeInformation<K>,
  ): SingleOutputStreamOperator<O> {
    for (const method of ['createAccumulator', 'add', 'getResult'] as const) {
      checkFunction(fn?.[method], `the ${method} of aggregate of windows`);
    }
    const aggregation = aggregateAggregation(fn) as WindowAggregation<unknown, unknown, unknown>;
    return this.#read(operator, aggregation, reader ?? passOn, keyType);
  }

  /** Windows of `process` and `apply`, which keep their records. */
  process<K, O>(
    operator: OperatorLike,
    reader: WindowReaderLike<T, O, K>,
    keyType?: TypeInformation<K>,
  ): SingleOutputStreamOperator<O> {
    const aggregation = listAggregation<T>() as WindowAggregation<unknown, unknown, unknown>;
    return this.#read(operator, aggregation, reader, keyType);
  }

  #read<K, I, O>(
    operator: OperatorLike,
    aggregation: WindowAggregation<unknown, unknown, unknown>,
    reader: WindowReaderLike<I, O, K>,
    keyType: TypeInformation<K> | undefined,
  ): SingleOutputStreamOperator<O> {
    const identifier = identifierOf(operator);
    checkFunction(reader, 'a reader of windows', 'readWindow');
    const fn = (
      typeof reader === 'function' ? { readWindow: reader } : reader
    ) as WindowReaderFunction<unknown, O, K>;
    const reading = {
      ...{ fn, keyType, isEventTime: this.#assigner.isEventTime },
      elementsOf: elementsOf(aggregation, this.#hasEvictor),
    };
    const source = keyedStateSource<O>({
      name: `windows of ${identifier.text}`,
      path: this.#path,
      identifier,
      check: (stored) => this.#check(stored, aggregation.contents),
      createReader: (states, ctx, stored) => new WindowStateReader(reading, states, ctx, stored),
    });
    return this.#addSource(source);
  }

  #check(operator: StoredOperator, contents: string): void {
    const { text: uid, path } = operator;
    const kind = contentsKindOf(operator);
    if (kind === undefined) {
      const advice = 'an operator of a savepoint has no windows, read it by readKeyedState';
      throw stateProcessorError('WINDOWS_NOT_AS_DECLARED', advice, { uid, path });
    }
    const stored = new StoredWindows(kind);
    const merges = stored.kind === 'session-window' || stored.kind === 'merging-window';
    const asked = this.#hasEvictor ? 'timestamped records' : contents;
    if (merges === mergesOf(this.#assigner) && stored.contents === asked) return;
    const advice =
      'windows of a savepoint are of another kind, give the assigner of the job, evictor() if it ' +
      'has one, and the same one of reduce, aggregate and process';
    const windows = componentName(this.#assigner);
    const details = { stored: kind, windows, asked, uid, path };
    throw stateProcessorError('WINDOWS_NOT_AS_DECLARED', advice, details);
  }
}

function mergesOf<T>(assigner: WindowAssigner<T>): boolean {
  return assigner.kind === undefined
    ? assigner.mergeWindows !== undefined
    : assigner.kind === 'session';
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
export function checkAssigner(assigner: unknown, where: string): void {
  if (typeof assigner === 'object' && assigner !== null && 'isEventTime' in assigner) return;
  throw invalid('INVALID_ARGUMENT', `${where} expects a window assigner`, assigner);
}

function passOn<K, I, O>(
  _key: K,
  _ctx: unknown,
  elements: Iterable<I>,
  out: { collect(value: O): void },
): void {
  for (const element of elements) out.collect(element as unknown as O);
}

/** What a window function gets: the one result of an aggregation, or all records. */
function elementsOf(
  aggregation: WindowAggregation<unknown, unknown, unknown>,
  hasEvictor: boolean,
): (contents: unknown) => Iterable<unknown> {
  const isList = aggregation.contents === 'records';
  return (contents) => {
    if (!hasEvictor) {
      const result = aggregation.result(contents);
      return isList ? (result as Iterable<unknown>) : [result];
    }
    const records = recordsOf(contents);
    if (isList) return records;
    const [first, ...others] = records;
    if (records.length === 0) return [];
    let accumulator = aggregation.first(first);
    for (const record of others) accumulator = aggregation.add(record, accumulator);
    return [aggregation.result(accumulator)];
  };
}
