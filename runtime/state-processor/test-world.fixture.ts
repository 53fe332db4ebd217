/** What the parts of a round trip share, and functions that tell what is in a savepoint. */
import type { Collector, RuntimeContext } from '../operators/index.ts';
import type { ValueState } from '../state/index.ts';
import type { TimeWindow } from '../windowing/index.ts';
import type {
  KeyedStateBootstrapContext,
  KeyedStateBootstrapFunction,
} from './bootstrap-functions.ts';
import type {
  KeyedStateReaderFunction,
  KeyedStateReaderFunctionContext,
  StateReaderContext,
  WindowReaderContext,
} from './reader-functions.ts';
import { COUNT, statesOf, type Tick, take } from './round-trip.fixture.ts';

/** Reads all that `Everything` holds. */
export class ReadEverything implements KeyedStateReaderFunction<string, unknown> {
  #states: ReturnType<typeof statesOf> | undefined;

  open(ctx: StateReaderContext): void {
    this.#states = statesOf(ctx);
  }

  readKey(key: string, ctx: KeyedStateReaderFunctionContext, out: Collector<unknown>): void {
    const { count, indexes, byDigit, sum, mean, recent } = this.#states as ReturnType<
      typeof statesOf
    >;
    out.collect({
      key,
      count: count.value(),
      indexes: [...indexes.get()],
      byDigit: [...byDigit.entries()].sort(([a], [b]) => a - b),
      sum: sum.get(),
      mean: mean.get(),
      recent: recent.value(),
      eventTimers: [...ctx.registeredEventTimeTimers()],
      processingTimers: [...ctx.registeredProcessingTimeTimers()],
    });
  }
}

/** One record for each window: its key, span, indexes, and timers of event time. */
export function readWindow(
  key: string,
  ctx: WindowReaderContext,
  elements: Iterable<{ readonly index: number }>,
  out: Collector<unknown>,
): void {
  const { start, end }: TimeWindow = ctx.window();
  const indexes = Array.from(elements, ({ index }) => index);
  out.collect({ key, start, end, indexes, timers: [...ctx.registeredEventTimeTimers()] });
}

export interface KeyCount {
  readonly key: string;
  readonly count: number;
}

/** Reads how many records of each key came, and adds to it. */
export class ReadCounts implements KeyedStateReaderFunction<string, KeyCount> {
  readonly #more: number;
  #count: ValueState<number, number> | undefined;

  constructor(more: number) {
    this.#more = more;
  }

  open(ctx: StateReaderContext): void {
    this.#count = ctx.getState(COUNT);
  }

  readKey(key: string, _ctx: unknown, out: Collector<KeyCount>): void {
    out.collect({ key, count: (this.#count?.value() ?? 0) + this.#more });
  }
}

export class WriteCounts implements KeyedStateBootstrapFunction<string, KeyCount> {
  #count: ValueState<number, number> | undefined;

  open(ctx: RuntimeContext): void {
    this.#count = ctx.getState(COUNT);
  }

  processElement({ count }: KeyCount): void {
    this.#count?.update(count);
  }
}

/** Makes what `Everything` would have made of the same records. */
export class WriteEverything implements KeyedStateBootstrapFunction<string, Tick> {
  #states: ReturnType<typeof statesOf> | undefined;

  open(ctx: RuntimeContext): void {
    this.#states = statesOf(ctx);
  }

  processElement({ index }: Tick, ctx: KeyedStateBootstrapContext<string>): void {
    const states = this.#states as ReturnType<typeof statesOf>;
    take(states, index, ctx.timerService);
  }
}
