import {
  type CoFlatMapFunction,
  type CoKeySelectors,
  type CoMapFunction,
  coFlatMapOperator,
  coMapOperator,
  type KeyedCoProcessFunction,
  keyedCoProcessOperator,
} from '../operators/index.ts';
import { checkMethods } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import type { Upstream } from './job-program.ts';
import { nameRefusals } from './name-refusals.ts';
import { transformTwo } from './transform.ts';

/** Two streams keyed alike: the functions of both sides see the same state for a key. */
export class KeyedConnectedStreams<A, B, K> {
  readonly #inputs: readonly [Upstream, Upstream];
  readonly #keys: CoKeySelectors<A, B, K>;

  /** @internal The inputs are partitioned by their keys already. */
  constructor(inputs: readonly [Upstream, Upstream], keys: CoKeySelectors<A, B, K>) {
    this.#inputs = inputs;
    this.#keys = keys;
    KeyedConnectedStreams.#nameRefusals();
  }

  /** One result for each record, by a method a side; `open` may get keyed state. */
  map<O>(fn: CoMapFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'map of connected streams', ['map1', 'map2']);
    const factory = coMapOperator(fn, this.#keys);
    return transformTwo(this.#inputs, 'Co-Map', factory, { keyed: true });
  }

  /** Any number of results for each record, by a method a side; `open` may get keyed state. */
  flatMap<O>(fn: CoFlatMapFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'flatMap of connected streams', ['flatMap1', 'flatMap2']);
    const factory = coFlatMapOperator(fn, this.#keys);
    return transformTwo(this.#inputs, 'Co-Flat Map', factory, { keyed: true });
  }

  /** Everything a function may do with shared keyed state, timers and side outputs. */
  process<O>(fn: KeyedCoProcessFunction<K, A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'process of connected streams', ['processElement1', 'processElement2']);
    const factory = keyedCoProcessOperator(fn, this.#keys);
    return transformTwo(this.#inputs, 'Co-Keyed-Process', factory, { keyed: true });
  }

  static #nameRefusals(): void {
    nameRefusals(KeyedConnectedStreams.prototype, (streams) => streams.#inputs, {
      map: 'Co-Map',
      flatMap: 'Co-Flat Map',
      process: 'Co-Keyed-Process',
    });
  }
}
