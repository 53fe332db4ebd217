import type { ReaderContext } from '../connectors/index.ts';
import { decodeKey, type EncodedKey, isStreamError, type TypeInformation } from '../core/index.ts';
import { checkType } from '../exchange/index.ts';
import { type OperatorPlace, userFailure } from '../operators/index.ts';
import { EVENT_TIME_TIMERS, PROCESSING_TIME_TIMERS, StoredTimers } from '../time/index.ts';
import { stateProcessorError } from './errors.ts';
import type { ItemsOf, KeyedReader } from './keyed-state-source.ts';
import type { KeyedStateReaderFunction, StateReaderContext } from './reader-functions.ts';
import type { RestoredStates } from './restored-states.ts';
import type { StoredOperator } from './stored-savepoint.ts';

/** Calls a function for every key that has state. */
export class KeyedStateReader<K, O> implements KeyedReader<O> {
  readonly #fn: KeyedStateReaderFunction<K, O>;
  readonly #states: RestoredStates;
  readonly #place: OperatorPlace;
  readonly #ctx: ReaderContext;
  readonly #operator: StoredOperator;
  readonly #checkKey: (key: unknown) => void;
  readonly #eventTime = new StoredTimers();
  readonly #processingTime = new StoredTimers();

  constructor(
    fn: KeyedStateReaderFunction<K, O>,
    keyType: TypeInformation<K> | undefined,
    states: RestoredStates,
    ctx: ReaderContext,
    operator: StoredOperator,
  ) {
    this.#fn = fn;
    this.#states = states;
    this.#ctx = ctx;
    this.#operator = operator;
    this.#place = placeOf(ctx, operator);
    this.#checkKey = keyCheck(keyType, operator);
    states.show(EVENT_TIME_TIMERS, this.#eventTime);
    states.show(PROCESSING_TIME_TIMERS, this.#processingTime);
  }

  async open(): Promise<void> {
    const { backend } = this.#states;
    const ctx: StateReaderContext = {
      ...readerContext(this.#ctx, this.#place),
      getState: (descriptor) => backend.getState(descriptor),
      getListState: (descriptor) => backend.getListState(descriptor),
      getMapState: (descriptor) => backend.getMapState(descriptor),
      getReducingState: (descriptor) => backend.getReducingState(descriptor),
      getAggregatingState: (descriptor) => backend.getAggregatingState(descriptor),
    };
    try {
      await this.#fn.open(ctx);
    } catch (thrown) {
      throw userFailure(this.#place, 'open of reader function', thrown);
    }
    if (backend.stateNames().length > 0) return;
    const { text: uid, path } = this.#operator;
    const advice =
      'a reader function reads the keys of the states it asks for, and asked for none, call ' +
      'getState and its like in open';
    throw stateProcessorError('STATE_NOT_REGISTERED', advice, { uid, path });
  }

  items(): ItemsOf<O> {
    const keys = this.#states.keys();
    let current: EncodedKey = 0;
    const ctx = {
      registeredEventTimeTimers: () => this.#eventTime.of(current),
      registeredProcessingTimeTimers: () => this.#processingTime.of(current),
    };
    return {
      itemCount: keys.length,
      emit: (item, collect) => {
        current = keys[item] as EncodedKey;
        this.#states.backend.setCurrentEncodedKey(current);
        const key = decodeKey(current) as K;
        this.#checkKey(key);
        guarded(this.#place, key, () => this.#fn.readKey(key, ctx, { collect }));
      },
    };
  }

  close(): void | Promise<void> {
    return this.#fn.close?.();
  }
}

/** The subtask that errors of reader functions name. */
export function placeOf(ctx: ReaderContext, { text }: StoredOperator): OperatorPlace {
  const { subtaskIndex, parallelism } = ctx;
  return { operatorName: `read ${text}`, subtaskIndex, parallelism };
}

export function readerContext(
  ctx: ReaderContext,
  { operatorName: taskName, subtaskIndex: index, parallelism }: OperatorPlace,
): Pick<StateReaderContext, 'taskInfo' | 'getMetricGroup'> {
  return { taskInfo: { taskName, index, parallelism }, getMetricGroup: () => ctx.metrics };
}

/** @param call of a reader function. */
export function guarded(place: OperatorPlace, key: unknown, call: () => unknown): void {
  try {
    const returned = call();
    if (!(returned instanceof Promise)) return;
    returned.catch(() => {});
  } catch (thrown) {
    throw userFailure(place, 'reader function', thrown, { key });
  }
  const problem = new Error('it returned a promise, but state is read synchronously');
  throw userFailure(place, 'reader function', problem, { key });
}

/** Refuses keys of another type than was declared, if any was. */
export function keyCheck(
  keyType: TypeInformation<unknown> | undefined,
  { text: uid, path }: StoredOperator,
): (key: unknown) => void {
  if (keyType === undefined) return () => {};
  return (key) => {
    try {
      checkType(keyType.type, key);
    } catch (thrown) {
      if (!isStreamError(thrown)) throw thrown;
      const advice =
        "a key of a savepoint is not of the declared type, declare the type of the job's keyBy";
      const details = { reason: thrown.message, uid, path };
      throw stateProcessorError('KEY_NOT_OF_TYPE', advice, details);
    }
  };
}
