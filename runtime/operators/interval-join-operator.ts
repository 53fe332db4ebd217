/**
 * Pairs of two keyed streams whose event times are close: a left record at `t` meets the right
 * ones from `t + lowerBoundMs` to `t + upperBoundMs`, bounds included.
 *
 * I1  A record is kept until the watermark has reached the last timestamp of the other side that
 *     it could meet: after that, whatever could meet it is late.
 * I2  A record behind the watermark is late: it meets nothing and is not kept. One at the
 *     watermark, which should not come either, meets what is left: as in Flink, that may lack a
 *     partner.
 *
 * @see Flink `IntervalJoinOperator`
 */

import { type KeySelector, NO_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import type { OperatorFacts } from '../protocol/index.ts';
import { InternalTimerService, type Timer } from '../time/index.ts';
import type { CoKeySelectors } from './co-flat-map-operator.ts';
import { FunctionOperator } from './function-operator.ts';
import type { Collector } from './functions.ts';
import { JoinBuffer } from './join-buffer.ts';
import type { ProcessJoinContext, ProcessJoinLike } from './join-functions.ts';
import { KeyedContext } from './keyed-context.ts';
import type { CounterMetric } from './metrics.ts';
import type {
  Input,
  OperatorContext,
  Output,
  TwoInputFactory,
  TwoInputOperator,
} from './operator.ts';
import type { OutputTag } from './output-tag.ts';
import { TimestampedCollector } from './timestamped-collector.ts';
import { TwoInputWatermarks } from './two-input-watermarks.ts';
import { UserFunction } from './user-function.ts';

export interface IntervalJoinOptions<A, B, K> {
  readonly keys: CoKeySelectors<A, B, K>;
  /** Included; may be negative. */
  readonly lowerBoundMs: number;
  /** Included; not below the lower bound. */
  readonly upperBoundMs: number;
  /** Gets late records of the left side; undefined: they are dropped and counted. */
  readonly leftLateTag?: OutputTag<A>;
  readonly rightLateTag?: OutputTag<B>;
}

export function intervalJoinOperator<K, A, B, O>(
  fn: ProcessJoinLike<A, B, O>,
  options: IntervalJoinOptions<A, B, K>,
): TwoInputFactory<A, B, O> {
  return (ctx, output) => new IntervalJoinOperator<K, A, B, O>(fn, options, ctx, output);
}

/** What one side needs of a record's timestamp. */
interface Side<T, Other> {
  readonly keySelector: KeySelector<T, unknown>;
  readonly buffer: JoinBuffer<T>;
  readonly others: JoinBuffer<Other>;
  readonly fromMs: number;
  readonly toMs: number;
  readonly namespace: 'left' | 'right';
  readonly lateTag: OutputTag<T> | undefined;
}

class IntervalJoinOperator<K, A, B, O> extends FunctionOperator implements TwoInputOperator<A, B> {
  readonly first: Input<A>;
  readonly second: Input<B>;
  readonly #ctx: OperatorContext;
  readonly #output: Output<O>;
  readonly #process: (left: A, right: B, ctx: ProcessJoinContext, out: Collector<O>) => unknown;
  readonly #user: UserFunction;
  readonly #keyed: KeyedContext;
  readonly #timers: InternalTimerService;
  readonly #collector: TimestampedCollector<O>;
  readonly #context: PairContext;
  readonly #dropped: CounterMetric;
  /** How long after its own timestamp a record of a side can be met. */
  readonly #keptMs: { readonly left: number; readonly right: number };
  readonly #left: JoinBuffer<A>;
  readonly #right: JoinBuffer<B>;

  constructor(
    fn: ProcessJoinLike<A, B, O>,
    options: IntervalJoinOptions<A, B, K>,
    ctx: OperatorContext,
    output: Output<O>,
  ) {
    const user = new UserFunction(fn, 'interval join function', ctx);
    super(user);
    const { lowerBoundMs, upperBoundMs, keys } = options;
    this.#ctx = ctx;
    this.#output = output;
    this.#process = typeof fn === 'function' ? fn : fn.processElement.bind(fn);
    this.#user = user;
    this.#keyed = new KeyedContext(ctx);
    const { backend } = this.#keyed;
    const clean = (timer: Timer): void => this.#clean(timer);
    const target = { onEventTime: clean, onProcessingTime: clean };
    this.#timers = new InternalTimerService(target, ctx.processingTime, backend);
    this.#collector = new TimestampedCollector(output);
    this.#context = new PairContext(this.#collector);
    this.#dropped = ctx.metrics.counter('numLateRecordsDropped');
    this.#keptMs = { left: Math.max(upperBoundMs, 0), right: Math.max(-lowerBoundMs, 0) };
    this.#left = new JoinBuffer('LEFT_BUFFER', backend);
    this.#right = new JoinBuffer('RIGHT_BUFFER', backend);
    const watermarks = new TwoInputWatermarks(output, (ms) => this.#timers.advanceWatermark(ms));
    const left: Side<A, B> = {
      keySelector: keys.first,
      buffer: this.#left,
      others: this.#right,
      fromMs: lowerBoundMs,
      toMs: upperBoundMs,
      namespace: 'left',
      lateTag: options.leftLateTag,
    };
    const right: Side<B, A> = {
      keySelector: keys.second,
      buffer: this.#right,
      others: this.#left,
      fromMs: -upperBoundMs,
      toMs: -lowerBoundMs,
      namespace: 'right',
      lateTag: options.rightLateTag,
    };
    this.first = watermarks.input(
      0,
      this.#side(left, (value, ms, other, otherMs) => this.#join(value, other, ms, otherMs)),
    );
    this.second = watermarks.input(
      1,
      this.#side(right, (value, ms, other, otherMs) => this.#join(other, value, otherMs, ms)),
    );
  }

  open(): void | Promise<void> {
    return this.#user.open(this.#keyed.backend);
  }

  facts(): OperatorFacts {
    const numLateRecordsDropped = this.#dropped.count();
    return numLateRecordsDropped === 0 ? {} : { numLateRecordsDropped };
  }

  close(): void | Promise<void> {
    this.#timers.close();
    return this.#user.close();
  }

  #side<T, Other>(
    side: Side<T, Other>,
    join: (value: T, timestampMs: number, other: Other, otherMs: number) => void,
  ): (value: T, timestampMs: number) => void {
    const { backend } = this.#keyed;
    return (value, timestampMs) => {
      if (timestampMs === NO_TIMESTAMP_MS) throw noTimestamp(this.#ctx.operatorName);
      if (timestampMs < this.#timers.currentWatermarkMs()) {
        this.#late(side.lateTag, value, timestampMs);
        return;
      }
      this.#keyed.setCurrentKeyOf(value, side.keySelector);
      const key = backend.encoded();
      side.buffer.add(key, timestampMs, value);
      side.others.forEachWithin(
        key,
        timestampMs + side.fromMs,
        timestampMs + side.toMs,
        (other, otherMs) => join(value, timestampMs, other, otherMs),
      );
      const lastMs = timestampMs + this.#keptMs[side.namespace];
      this.#timers.registerEventTimeTimer(lastMs, key, side.namespace);
    };
  }

  #join(left: A, right: B, leftMs: number, rightMs: number): void {
    const collector = this.#collector;
    collector.timestampMs = Math.max(leftMs, rightMs);
    collector.downstream = false;
    this.#context.leftMs = leftMs;
    this.#context.rightMs = rightMs;
    try {
      const returned = this.#process(left, right, this.#context, collector);
      if (returned instanceof Promise) throw this.#user.asynchronous();
    } catch (thrown) {
      throw collector.downstream ? thrown : this.#user.failure(thrown, { left, right });
    }
  }

  #late<T>(tag: OutputTag<T> | undefined, value: T, timestampMs: number): void {
    if (tag === undefined) this.#dropped.inc();
    else this.#output.collectSide(tag.id, value, timestampMs);
  }

  /** I1. */
  #clean({ key, timestampMs, namespace }: Timer): void {
    if (namespace === 'left') this.#left.remove(key, timestampMs - this.#keptMs.left);
    else this.#right.remove(key, timestampMs - this.#keptMs.right);
  }
}

class PairContext implements ProcessJoinContext {
  readonly #collector: TimestampedCollector<never>;
  leftMs = 0;
  rightMs = 0;

  constructor(collector: TimestampedCollector<never>) {
    this.#collector = collector;
  }

  getLeftTimestamp(): number {
    return this.leftMs;
  }

  getRightTimestamp(): number {
    return this.rightMs;
  }

  getTimestamp(): number {
    return Math.max(this.leftMs, this.rightMs);
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#collector.collectSide(tag, value);
  }
}

function noTimestamp(operator: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'RECORD_WITHOUT_TIMESTAMP',
    message: `a record without timestamp reached an interval join, call assignTimestampsAndWatermarks on both streams before keyBy: operator=${operator}`,
    details: { operator },
  });
}
