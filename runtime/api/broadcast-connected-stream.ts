import type { KeySelector } from '../core/index.ts';
import {
  type BroadcastProcessFunction,
  coBroadcastOperator,
  type KeyedBroadcastProcessFunction,
  keyedCoBroadcastOperator,
} from '../operators/index.ts';
import { checkMethods, invalid } from './arguments.ts';
import type { BroadcastStream } from './broadcast-stream.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import { checkSameProgram, type Upstream } from './job-program.ts';
import { nameRefusals } from './name-refusals.ts';
import { transformTwo } from './transform.ts';

const METHODS = ['processElement', 'processBroadcastElement'] as const;

/** A stream and a broadcast one on their way into one operator. */
export class BroadcastConnectedStream<A, B> {
  readonly #first: Upstream;
  readonly #broadcast: BroadcastStream<B>;
  /** Never present at run time. */
  declare readonly _t?: [A, B];

  /** @internal */
  constructor(first: Upstream, broadcast: BroadcastStream<B>) {
    checkSameProgram(first.program, broadcast.upstream.program, 'connect');
    this.#first = first;
    this.#broadcast = broadcast;
    BroadcastConnectedStream.#nameRefusals();
  }

  /** Records of the broadcast side fill its states in every subtask, those of the other read them. */
  process<O>(fn: BroadcastProcessFunction<A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'process of a stream connected to a broadcast one', METHODS);
    if ('onTimer' in fn) {
      throw invalid(
        'INVALID_FUNCTION',
        'a broadcast process function with onTimer needs a keyed stream: call keyBy before connect',
        fn,
      );
    }
    const { upstream, descriptors } = this.#broadcast;
    const factory = coBroadcastOperator(fn, descriptors);
    const extras = { hasOperatorState: true };
    return transformTwo([this.#first, upstream], 'Co-Process-Broadcast', factory, extras);
  }

  static #nameRefusals(): void {
    nameRefusals(
      BroadcastConnectedStream.prototype,
      (streams) => [streams.#first, streams.#broadcast.upstream],
      {
        process: 'Co-Process-Broadcast',
      },
    );
  }
}

/** A keyed stream and a broadcast one on their way into one operator. */
export class KeyedBroadcastConnectedStream<A, B, K> {
  readonly #first: Upstream;
  readonly #keySelector: KeySelector<A, K>;
  readonly #broadcast: BroadcastStream<B>;

  /** @internal `first` is partitioned by the key already. */
  constructor(first: Upstream, keySelector: KeySelector<A, K>, broadcast: BroadcastStream<B>) {
    checkSameProgram(first.program, broadcast.upstream.program, 'connect');
    this.#first = first;
    this.#keySelector = keySelector;
    this.#broadcast = broadcast;
    KeyedBroadcastConnectedStream.#nameRefusals();
  }

  /** As without keys; the keyed side has keyed state and timers besides. */
  process<O>(fn: KeyedBroadcastProcessFunction<K, A, B, O>): SingleOutputStreamOperator<O> {
    checkMethods(fn, 'process of a keyed stream connected to a broadcast one', METHODS);
    const { upstream, descriptors } = this.#broadcast;
    const factory = keyedCoBroadcastOperator(fn, this.#keySelector, descriptors);
    const inputs = [this.#first, upstream] as const;
    return transformTwo(inputs, 'Co-Process-Broadcast-Keyed', factory, { keyed: true });
  }

  static #nameRefusals(): void {
    nameRefusals(
      KeyedBroadcastConnectedStream.prototype,
      (streams) => [streams.#first, streams.#broadcast.upstream],
      {
        process: 'Co-Process-Broadcast-Keyed',
      },
    );
  }
}
