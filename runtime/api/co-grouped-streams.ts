import type { Duration, KeySelector } from '../core/index.ts';
import { type Collector, lifeCycleOf, type OutputTag } from '../operators/index.ts';
import type { Evictor, Trigger, WindowAssigner, WindowFunction } from '../windowing/index.ts';
import { checkFunction, checkOutputTag, durationMs } from './arguments.ts';
import type { SingleOutputStreamOperator } from './data-stream.ts';
import { JoinWhere } from './equal-keys.ts';
import type { KeyField, KeyValue } from './field-types.ts';
import { checkOpen, type Upstream } from './job-program.ts';
import type { CoGroupLike } from './join-functions.ts';
import { type KeyBy, keySelectorOf } from './key-by.ts';
import { nameRefusals } from './name-refusals.ts';
import { type TaggedUnion, taggedKeySelector, taggedUnion } from './tagged-union.ts';
import { checkLateness } from './window-transform.ts';
import type { WindowedStream } from './windowed-stream.ts';

/** Two streams whose records are to be grouped by key and window, each side by itself. */
export class CoGroupedStreams<A, B> {
  readonly #inputs: readonly [Upstream, Upstream];
  /** Never present at run time. */
  declare readonly _t?: [A, B];

  /** @internal */
  constructor(first: Upstream, second: Upstream) {
    this.#inputs = [first, second];
    CoGroupedStreams.#nameRefusals();
  }

  /** The key of the first stream, a field or a function. */
  where<K extends KeyValue>(
    key: (value: A) => K,
  ): JoinWhere<B, K, CoGroupedStreamsWithWindow<A, B, K>>;
  where<F extends KeyField<A>>(key: F): JoinWhere<B, A[F], CoGroupedStreamsWithWindow<A, B, A[F]>>;
  where(key: KeyBy<A>): unknown {
    const first = keySelectorOf(key, 'where') as KeySelector<A, unknown>;
    return new JoinWhere<B, unknown, unknown>((second, assigner) => {
      return new CoGroupedStreamsWithWindow(this.#inputs, first, second, assigner);
    });
  }

  static #nameRefusals(): void {
    nameRefusals(CoGroupedStreams.prototype, (streams) => streams.#inputs, {
      where: 'CoGroup',
    });
  }
}

/** A setting of the windows, made once there are windows. */
type Setting<A, B, K> = (windows: WindowedStream<TaggedUnion<A, B>, K>) => unknown;

/** Two streams, their keys and their windows: a function is all that is missing. */
export class CoGroupedStreamsWithWindow<A, B, K> {
  readonly #inputs: readonly [Upstream, Upstream];
  readonly #first: KeySelector<A, K>;
  readonly #second: KeySelector<B, K>;
  readonly #assigner: WindowAssigner;
  readonly #settings: Setting<A, B, K>[] = [];

  /** @internal */
  constructor(
    inputs: readonly [Upstream, Upstream],
    first: KeySelector<A, K>,
    second: KeySelector<B, K>,
    assigner: WindowAssigner,
  ) {
    this.#inputs = inputs;
    this.#first = first;
    this.#second = second;
    this.#assigner = assigner;
    CoGroupedStreamsWithWindow.#nameRefusals();
  }

  /** As for windows of one stream: late records within it make the window fire again. */
  allowedLateness(lateness: Duration): this {
    checkLateness(this.#assigner, 'allowedLateness');
    const ms = durationMs(lateness, 'the allowed lateness', { positive: false });
    this.#settings.push((windows) => windows.allowedLateness(ms));
    return this;
  }

  /** Sends records that come too late for all their windows, tagged, to a side output. */
  sideOutputLateData(tag: OutputTag<TaggedUnion<A, B>>): this {
    checkLateness(this.#assigner, 'sideOutputLateData');
    checkOutputTag(tag, 'sideOutputLateData');
    this.#settings.push((windows) => windows.sideOutputLateData(tag));
    return this;
  }

  /** When windows fire, in place of the assigner's own trigger; it sees tagged records. */
  trigger(trigger: Trigger<TaggedUnion<A, B>>): this {
    this.#settings.push((windows) => windows.trigger(trigger));
    return this;
  }

  /** What is taken out of windows when they fire, from both sides as they came. */
  evictor(evictor: Evictor<TaggedUnion<A, B>>): this {
    this.#settings.push((windows) => windows.evictor(evictor));
    return this;
  }

  /** Calls the function with the records of both sides, for each key when its window fires. */
  apply<O>(fn: CoGroupLike<A, B, O>): SingleOutputStreamOperator<O> {
    checkFunction(fn, 'apply of a coGroup', 'coGroup');
    const coGroup = typeof fn === 'function' ? fn : fn.coGroup.bind(fn);
    const lifeCycle = typeof fn === 'function' ? {} : lifeCycleOf(fn);
    return this.#windows().apply<O>({ ...lifeCycle, apply: splitting(coGroup) });
  }

  #windows(): WindowedStream<TaggedUnion<A, B>, K> {
    const [first, second] = this.#inputs;
    checkOpen(first.program);
    const { streams } = first.program;
    const keySelector = taggedKeySelector(this.#first, this.#second);
    const keyed = streams.keyed(taggedUnion(first, second), keySelector);
    const windows = keyed.window(this.#assigner);
    for (const set of this.#settings) set(windows);
    return windows;
  }

  static #nameRefusals(): void {
    nameRefusals(CoGroupedStreamsWithWindow.prototype, (streams) => streams.#inputs, {
      allowedLateness: 'CoGroup',
      sideOutputLateData: 'CoGroup',
      apply: 'CoGroup',
    });
  }
}

/** Answers what the function does, so that a promise is found and refused. */
function splitting<A, B, O>(
  coGroup: (first: readonly A[], second: readonly B[], out: Collector<O>) => void,
): WindowFunction<TaggedUnion<A, B>, O, unknown>['apply'] {
  return (_key, _window, elements, out) => {
    const first: A[] = [];
    const second: B[] = [];
    for (const tagged of elements) {
      if (tagged.isOne) first.push(tagged.value);
      else second.push(tagged.value);
    }
    return coGroup(first, second, out);
  };
}
