import type { Duration, KeySelector } from '../core/index.ts';
import { type Collector, lifeCycleOf, type OutputTag } from '../operators/index.ts';
import type { Evictor, Trigger } from '../windowing/index.ts';
import { checkFunction } from './arguments.ts';
import { CoGroupedStreamsWithWindow } from './co-grouped-streams.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import { JoinWhere } from './equal-keys.ts';
import type { KeyField, KeyValue } from './field-types.ts';
import type { Upstream } from './job-program.ts';
import type { CoGroupLike, FlatJoinLike, JoinLike } from './join-functions.ts';
import { type KeyBy, keySelectorOf } from './key-by.ts';
import { nameRefusals } from './name-refusals.ts';
import type { TaggedUnion } from './tagged-union.ts';

/** Two streams of which pairs with one key and in one window are wanted. */
export class JoinedStreams<A, B> {
  readonly #inputs: readonly [Upstream, Upstream];
  /** Never present at run time. */
  declare readonly _t?: [A, B];

  /** @internal */
  constructor(first: Upstream, second: Upstream) {
    this.#inputs = [first, second];
    JoinedStreams.#nameRefusals();
  }

  /** The key of the first stream, a field or a function. */
  where<K extends KeyValue>(
    key: (value: A) => K,
  ): JoinWhere<B, K, JoinedStreamsWithWindow<A, B, K>>;
  where<F extends KeyField<A>>(key: F): JoinWhere<B, A[F], JoinedStreamsWithWindow<A, B, A[F]>>;
  where(key: KeyBy<A>): unknown {
    const first = keySelectorOf(key, 'where') as KeySelector<A, unknown>;
    return new JoinWhere<B, unknown, unknown>((second, assigner) => {
      const groups = new CoGroupedStreamsWithWindow(this.#inputs, first, second, assigner);
      return new JoinedStreamsWithWindow(groups);
    });
  }

  static #nameRefusals(): void {
    nameRefusals(JoinedStreams.prototype, (streams) => streams.#inputs, {
      where: 'Join',
    });
  }
}

/** Two streams, their keys and their windows: a function is all that is missing. */
export class JoinedStreamsWithWindow<A, B, K> {
  readonly #groups: CoGroupedStreamsWithWindow<A, B, K>;

  /** @internal */
  constructor(groups: CoGroupedStreamsWithWindow<A, B, K>) {
    this.#groups = groups;
  }

  /** As for windows of one stream: a late record makes all pairs of its window come again. */
  allowedLateness(lateness: Duration): this {
    this.#groups.allowedLateness(lateness);
    return this;
  }

  /** Sends records that come too late for all their windows, tagged, to a side output. */
  sideOutputLateData(tag: OutputTag<TaggedUnion<A, B>>): this {
    this.#groups.sideOutputLateData(tag);
    return this;
  }

  /** When windows fire, in place of the assigner's own trigger; it sees tagged records. */
  trigger(trigger: Trigger<TaggedUnion<A, B>>): this {
    this.#groups.trigger(trigger);
    return this;
  }

  /** What is taken out of windows when they fire, from both sides as they came. */
  evictor(evictor: Evictor<TaggedUnion<A, B>>): this {
    this.#groups.evictor(evictor);
    return this;
  }

  /** Calls the function for each pair of a window and key. Records without a partner are left out. */
  apply<O>(fn: JoinLike<A, B, O>): SingleOutputStreamOperator<O>;
  /** Any number of results for each pair. */
  apply<O>(fn: FlatJoinLike<A, B, O>): SingleOutputStreamOperator<O>;
  apply<O>(fn: JoinLike<A, B, O> | FlatJoinLike<A, B, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'apply of a join', 'join');
    const join: Join<A, B, O> = typeof fn === 'function' ? fn : fn.join.bind(fn);
    const lifeCycle = typeof fn === 'function' ? {} : lifeCycleOf(fn);
    return this.#groups.apply<O>({ ...lifeCycle, coGroup: pairing(join) });
  }
}

/** What either kind of function answers: a result, or nothing. */
type Join<A, B, O> = (first: A, second: B, out: Collector<O>) => unknown;

function pairing<A, B, O>(
  join: Join<A, B, O>,
): Exclude<CoGroupLike<A, B, O>, { readonly coGroup: unknown }> {
  return (first, second, out) => {
    for (const one of first) {
      for (const two of second) {
        const result = join(one, two, out);
        // The operator finds the promise and refuses it.
        if (result instanceof Promise) return result as unknown as undefined;
        if (result !== undefined) out.collect(result as O);
      }
    }
    return undefined;
  };
}
