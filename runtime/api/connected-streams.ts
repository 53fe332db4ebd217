import type { KeySelector } from '../core/index.ts';
import {
  type CoFlatMapFunction,
  type CoMapFunction,
  type CoProcessFunction,
  coFlatMapOperator,
  coMapOperator,
  coProcessOperator,
} from '../operators/index.ts';
import { checkMethods } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { FieldWithKey, KeyField, KeyValue } from './field-types.ts';
import type { Upstream } from './job-program.ts';
import { type KeyBy, keySelectorOf } from './key-by.ts';
import type { KeyedConnectedStreams } from './keyed-connected-streams.ts';
import { nameRefusals } from './name-refusals.ts';
import { transformTwo } from './transform.ts';

/** Two streams, of types that may differ, on their way into one operator. */
export class ConnectedStreams<A, B> {
  readonly #inputs: readonly [Upstream, Upstream];
  /** Never present at run time. */
  declare readonly _t?: [A, B];

  /** @internal */
  constructor(first: Upstream, second: Upstream) {
    this.#inputs = [first, second];
    ConnectedStreams.#nameRefusals();
  }

  /** One result for each record, by a method a side. */
  map<O>(fn: CoMapFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'map of connected streams', ['map1', 'map2']);
    return transformTwo(this.#inputs, 'Co-Map', coMapOperator(fn));
  }

  /** Any number of results for each record, by a method a side. */
  flatMap<O>(fn: CoFlatMapFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'flatMap of connected streams', ['flatMap1', 'flatMap2']);
    return transformTwo(this.#inputs, 'Co-Flat Map', coFlatMapOperator(fn));
  }

  /** Everything a function may do without keyed state, by a method a side. */
  process<O>(fn: CoProcessFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'process of connected streams', ['processElement1', 'processElement2']);
    return transformTwo(this.#inputs, 'Co-Process', coProcessOperator(fn));
  }

  /** Partitions both sides by keys of one type: records with equal keys meet in one subtask. */
  keyBy<K extends KeyValue>(
    first: (value: A) => K,
    second: (value: B) => NoInfer<K>,
  ): KeyedConnectedStreams<A, B, K>;
  keyBy<F extends KeyField<A>, G extends FieldWithKey<B, A[F]>>(
    first: F,
    second: G,
  ): KeyedConnectedStreams<A, B, A[F]>;
  keyBy(first: KeyBy<A>, second: KeyBy<B>): KeyedConnectedStreams<A, B, unknown> {
    const [a, b] = this.#inputs;
    const keys = {
      first: keySelectorOf(first, 'keyBy') as KeySelector<A, unknown>,
      second: keySelectorOf(second, 'keyBy') as KeySelector<B, unknown>,
    };
    const { streams } = a.program;
    const inputs = [
      streams.keyed(a, keys.first).upstream,
      streams.keyed(b, keys.second).upstream,
    ] as const;
    return streams.keyedConnected(inputs, keys);
  }

  static #nameRefusals(): void {
    nameRefusals(ConnectedStreams.prototype, (streams) => streams.#inputs, {
      map: 'Co-Map',
      flatMap: 'Co-Flat Map',
      process: 'Co-Process',
      keyBy: 'KeyBy',
    });
  }
}
