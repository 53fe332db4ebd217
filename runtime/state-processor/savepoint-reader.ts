import {
  checkMethods,
  checkText,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
} from '../api/index.ts';
import type { Source } from '../connectors/index.ts';
import { isStreamError, type TypeInformation } from '../core/index.ts';
import { checkType } from '../exchange/index.ts';
import type { OperatorStateMode } from '../protocol/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import type { WindowAssigner } from '../windowing/index.ts';
import { stateProcessorError } from './errors.ts';
import { KeyedStateReader } from './keyed-state-reader.ts';
import { keyedStateSource } from './keyed-state-source.ts';
import { listStateSource } from './list-state-source.ts';
import { identifierOf, type OperatorLike } from './operator-identifier.ts';
import type { KeyedStateReaderFunction } from './reader-functions.ts';
import { checkAssigner, WindowSavepointReader } from './window-reader.ts';

/**
 * Reads the state of a savepoint or kept checkpoint as bounded streams.
 *
 * @example
 * ```ts
 * SavepointReader.read(env, './savepoint-1')
 *   .readKeyedState('totals', new ReadTotals())
 *   .print();
 * ```
 */
export class SavepointReader {
  readonly #env: StreamExecutionEnvironment;
  readonly #path: string;

  private constructor(env: StreamExecutionEnvironment, path: string) {
    this.#env = env;
    this.#path = path;
  }

  /**
   * @param path its directory or `_metadata`; what is there is looked at when the job runs.
   * @throws {StreamError} `INVALID_NAME`, `INVALID_FUNCTION`.
   */
  static read(env: StreamExecutionEnvironment, path: string): SavepointReader {
    checkMethods(env, 'SavepointReader.read', ['fromSource']);
    checkText(path, 'the path of a savepoint');
    return new SavepointReader(env, path);
  }

  /**
   * Keyed state and timers of an operator.
   *
   * @param keyType checked for every key, if given.
   * @throws {StreamError} when the job runs: `OPERATOR_NOT_FOUND`, `STATE_NOT_FOUND`,
   * `STATE_NOT_AS_DECLARED`, `KEY_NOT_OF_TYPE`.
   */
  readKeyedState<K, O>(
    operator: OperatorLike,
    fn: KeyedStateReaderFunction<K, O>,
    keyType?: TypeInformation<K>,
    outType?: TypeInformation<O>,
  ): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'readKeyedState', ['open', 'readKey']);
    const identifier = identifierOf(operator);
    const source = keyedStateSource<O>({
      name: `keyed state of ${identifier.text}`,
      path: this.#path,
      identifier,
      createReader: (states, ctx, stored) => new KeyedStateReader(fn, keyType, states, ctx, stored),
    });
    const stream = this.#add(source);
    return outType === undefined ? stream : stream.returns(outType);
  }

  /**
   * The items of a list state.
   *
   * @param type checked for every item, if given.
   */
  readListState<T>(
    operator: OperatorLike,
    name: string,
    type?: TypeInformation<T>,
  ): SingleOutputStreamOperator<T> {
    return this.#readItems<T>(operator, name, 'SPLIT_DISTRIBUTE', [type]);
  }

  /** The items of a union list state: those that each subtask had, once. */
  readUnionState<T>(
    operator: OperatorLike,
    name: string,
    type?: TypeInformation<T>,
  ): SingleOutputStreamOperator<T> {
    return this.#readItems<T>(operator, name, 'UNION', [type]);
  }

  /** The entries of a broadcast state: of one of its equal copies. */
  readBroadcastState<K, V>(
    operator: OperatorLike,
    name: string,
    keyType?: TypeInformation<K>,
    valueType?: TypeInformation<V>,
  ): SingleOutputStreamOperator<readonly [K, V]> {
    return this.#readItems<readonly [K, V]>(operator, name, 'BROADCAST', [keyType, valueType]);
  }

  /** Windows that were open; with the assigner of the job. */
  window<T>(assigner: WindowAssigner<T>): WindowSavepointReader<T> {
    checkAssigner(assigner, 'window of a savepoint');
    return new WindowSavepointReader<T>(assigner, this.#path, (source) => this.#add(source));
  }

  #readItems<T>(
    operator: OperatorLike,
    state: string,
    mode: OperatorStateMode,
    types: readonly (TypeInformation<unknown> | undefined)[],
  ): SingleOutputStreamOperator<T> {
    checkText(state, 'the name of an operator state');
    const identifier = identifierOf(operator);
    const path = this.#path;
    const check = (item: unknown): void => {
      const values = mode === 'BROADCAST' ? (item as readonly unknown[]) : [item];
      for (const [i, type] of types.entries()) {
        if (type !== undefined) checkItem(type, values[i], { state, uid: identifier.text, path });
      }
    };
    const name = `${state} of ${identifier.text}`;
    return this.#add(listStateSource<T>({ name, path, identifier, state, mode, check }));
  }

  #add<T, SplitT, EnumeratorStateT>(
    source: Source<T, SplitT, EnumeratorStateT>,
  ): SingleOutputStreamOperator<T> {
    return this.#env.fromSource(source, WatermarkStrategy.noWatermarks<T>(), source.name);
  }
}

function checkItem(
  { type }: TypeInformation<unknown>,
  item: unknown,
  details: Readonly<Record<string, string>>,
): void {
  try {
    checkType(type, item);
  } catch (thrown) {
    if (!isStreamError(thrown)) throw thrown;
    const advice =
      'an item of an operator state is not of the declared type, declare what the job put there';
    throw stateProcessorError('STATE_NOT_AS_DECLARED', advice, {
      reason: thrown.message,
      ...details,
    });
  }
}
