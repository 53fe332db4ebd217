/**
 * Goal: windows with triggers and evictors give what going through all windows at every step
 * gives, wherever snapshots are taken and restored, and at any parallelism.
 */
import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  hashKey,
  keyGroupOf,
  MAX_WATERMARK_MS,
  MIN_TIMESTAMP_MS,
  operatorIndexOfKeyGroup,
} from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  EventTimeTrigger,
  listAggregation,
  ProcessingTimeTrigger,
  type ProcessWindowLike,
  PurgingTrigger,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TimeEvictor,
  type Trigger,
  type WindowAssigner,
  windowOperator,
} from './index.ts';

interface Rec {
  readonly key: number;
  readonly id: number;
  readonly timestampMs: number;
}
type Step = Rec | { readonly watermarkMs: number };

interface Setup {
  /** Sessions where there is no slide. */
  readonly sizeMs: number;
  readonly slideMs: number | undefined;
  readonly latenessMs: number;
  /** Undefined: the end of the window. */
  readonly count: number | undefined;
  readonly purging: boolean;
  readonly evict: { readonly count: number } | { readonly timeMs: number } | undefined;
}

interface Outcome {
  readonly fired: readonly string[];
  readonly late: readonly number[];
}

const MAX_PARALLELISM = 8;
const small = fc.integer({ min: 1, max: 15 });

const setups: fc.Arbitrary<Setup> = fc.record({
  sizeMs: small,
  slideMs: fc.option(small, { nil: undefined }),
  latenessMs: fc.nat(12),
  count: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  purging: fc.boolean(),
  evict: fc.option(
    fc.oneof(fc.record({ count: fc.integer({ min: 1, max: 3 }) }), fc.record({ timeMs: small })),
    { nil: undefined },
  ),
});

/** Watermarks that move little: most records find a window open, and some come late. */
const steps = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ key: fc.nat(2), aheadMs: fc.integer({ min: -15, max: 25 }) }),
      },
      { weight: 1, arbitrary: fc.record({ byMs: fc.nat(12) }) },
    ),
    { maxLength: 50, size: 'max' },
  )
  .map((raw): Step[] => {
    let watermarkMs = -20;
    return raw.map((step, id) => {
      if ('key' in step) return { key: step.key, id, timestampMs: watermarkMs + step.aheadMs };
      watermarkMs += step.byMs;
      return { watermarkMs };
    });
  });

const line = (key: unknown, startMs: number, endMs: number, recs: Iterable<Rec>): string =>
  `${String(key)} [${startMs},${endMs}) ${Array.from(recs, ({ id }) => id).join(',')}`;

const firing: ProcessWindowLike<unknown, string, unknown> = (key, { window }, elements, out) =>
  out.collect(line(key, window.start, window.end, elements as Iterable<Rec>));

function assignerOf({ sizeMs, slideMs }: Setup): WindowAssigner<Rec> {
  if (slideMs === undefined) return EventTimeSessionWindows.withGap(sizeMs);
  return SlidingEventTimeWindows.of(sizeMs, slideMs);
}

function operatorOf(setup: Setup) {
  const { count, purging, evict, latenessMs } = setup;
  const trigger = count === undefined ? EventTimeTrigger.create() : CountTrigger.of(count);
  const evictor =
    evict && ('count' in evict ? CountEvictor.of(evict.count) : TimeEvictor.of(evict.timeMs));
  return factoryOf(assignerOf(setup), {
    trigger: purging ? PurgingTrigger.of(trigger) : trigger,
    allowedLatenessMs: latenessMs,
    ...(evictor === undefined ? {} : { evictor }),
  });
}

function factoryOf(
  assigner: WindowAssigner<Rec>,
  options: Partial<Parameters<typeof windowOperator<Rec, Rec[], readonly Rec[], string>>[1]>,
) {
  return windowOperator<Rec, Rec[], readonly Rec[], string>(assigner, {
    keySelector: (rec) => rec.key,
    aggregation: listAggregation<Rec>(),
    windowFunction: { fn: firing, single: false },
    ...(assigner.isEventTime ? { lateOutputTag: new OutputTag<Rec>('late') } : {}),
    ...options,
  });
}

/**
 * @param parallelismAt of the operator that goes on from a snapshot after this step; undefined:
 * it goes on itself.
 */
function run(
  factory: ReturnType<typeof factoryOf>,
  script: readonly Step[],
  isEventTime: boolean,
  parallelismAt: (index: number) => number | undefined,
): Outcome {
  const outcome = { fired: [] as string[], late: [] as number[] };
  let nowMs = -20;
  const create = (options: ReturnType<typeof restoreAt>) => {
    const startEpochMs = isEventTime ? 0 : nowMs + 20;
    const all = { ...options, maxParallelism: MAX_PARALLELISM, startEpochMs };
    const harness = OperatorHarness.oneInput(factory, all);
    void harness.operator.open();
    if (isEventTime) harness.operator.processWatermark(nowMs);
    return harness;
  };
  const advance = (one: ReturnType<typeof create>, ms: number): void =>
    isEventTime ? one.operator.processWatermark(ms) : one.setProcessingTime(ms + 20);
  const collect = (all: readonly ReturnType<typeof create>[]): void => {
    for (const one of all) {
      outcome.fired.push(...one.values());
      outcome.late.push(...one.side('late').map(([value]) => (value as Rec).id));
    }
  };
  let subtasks = [create({})];
  for (const [index, step] of script.entries()) {
    if ('key' in step) {
      const keyGroup = keyGroupOf(hashKey(step.key), MAX_PARALLELISM);
      const at = operatorIndexOfKeyGroup(MAX_PARALLELISM, subtasks.length, keyGroup);
      subtasks[at]?.operator.processElement(step, step.timestampMs, keyGroup);
    } else {
      nowMs = step.watermarkMs;
      for (const one of subtasks) advance(one, nowMs);
    }
    const parallelism = parallelismAt(index);
    if (parallelism === undefined) continue;
    const mode = index % 2 === 0 ? 'delta' : 'full';
    const snapshots = subtasks.map((one) => one.snapshotSync(mode));
    collect(subtasks);
    subtasks = Array.from({ length: parallelism }, (_, i) =>
      create(restoreAt(snapshots, i, parallelism)),
    );
  }
  for (const one of subtasks) advance(one, isEventTime ? MAX_WATERMARK_MS : 1000);
  collect(subtasks);
  return { fired: outcome.fired.sort(), late: outcome.late.sort((a, b) => a - b) };
}

interface OracleWindow {
  readonly key: number;
  readonly startMs: number;
  readonly endMs: number;
  held: Rec[];
  count: number;
  hasEnded: boolean;
}

class Oracle {
  readonly #setup: Setup;
  readonly #fired: string[] = [];
  readonly #late: number[] = [];
  #windows: OracleWindow[] = [];
  #watermarkMs = MIN_TIMESTAMP_MS;

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  outcomeOf(script: readonly Step[]): Outcome {
    this.#advance(-20);
    for (const step of script) {
      if ('key' in step) this.#record(step);
      else this.#advance(step.watermarkMs);
    }
    this.#advance(MAX_WATERMARK_MS);
    return { fired: this.#fired.sort(), late: this.#late.sort((a, b) => a - b) };
  }

  #record(rec: Rec): void {
    const live = this.#windowsOf(rec).filter(({ endMs }) => !this.#isGone(endMs));
    for (const window of live) {
      window.held.push(rec);
      window.count += 1;
      if (this.#setup.count === undefined) {
        if (window.endMs - 1 <= this.#watermarkMs) this.#fire(window);
      } else if (window.count >= this.#setup.count) {
        window.count = 0;
        this.#fire(window);
      }
    }
    const isLate = rec.timestampMs + this.#setup.latenessMs <= this.#watermarkMs;
    if (live.length === 0 && isLate) this.#late.push(rec.id);
  }

  #advance(watermarkMs: number): void {
    this.#watermarkMs = watermarkMs;
    for (const window of this.#windows) {
      if (window.hasEnded || window.endMs - 1 > watermarkMs) continue;
      window.hasEnded = true;
      if (this.#setup.count === undefined) this.#fire(window);
    }
    this.#windows = this.#windows.filter(({ endMs }) => !this.#isGone(endMs));
  }

  #windowsOf(rec: Rec): OracleWindow[] {
    const { sizeMs, slideMs } = this.#setup;
    if (slideMs === undefined) return [this.#session(rec, sizeMs)];
    const found: OracleWindow[] = [];
    for (let startMs = -1000 * slideMs; startMs <= rec.timestampMs; startMs += slideMs) {
      if (startMs + sizeMs <= rec.timestampMs) continue;
      const known = this.#windows.find((w) => w.key === rec.key && w.startMs === startMs);
      found.push(known ?? this.#make(rec.key, startMs, startMs + sizeMs, []));
    }
    return found;
  }

  #session(rec: Rec, gapMs: number): OracleWindow {
    const [startMs, endMs] = [rec.timestampMs, rec.timestampMs + gapMs];
    const touched = this.#windows
      .filter((w) => w.key === rec.key && w.startMs <= endMs && w.endMs >= startMs)
      .sort((a, b) => a.startMs - b.startMs);
    this.#windows = this.#windows.filter((window) => !touched.includes(window));
    const joined = this.#make(
      rec.key,
      Math.min(startMs, ...touched.map((w) => w.startMs)),
      Math.max(endMs, ...touched.map((w) => w.endMs)),
      touched.flatMap(({ held }) => held),
    );
    joined.count = touched.reduce((sum, { count }) => sum + count, 0);
    return joined;
  }

  #make(key: number, startMs: number, endMs: number, held: Rec[]): OracleWindow {
    const hasEnded = endMs - 1 <= this.#watermarkMs;
    const window = { key, startMs, endMs, held, count: 0, hasEnded };
    if (!this.#isGone(endMs)) this.#windows.push(window);
    return window;
  }

  #fire(window: OracleWindow): void {
    const { evict, purging } = this.#setup;
    if (window.held.length === 0) return;
    if (evict !== undefined && 'count' in evict) window.held = window.held.slice(-evict.count);
    else if (evict !== undefined) {
      const latestMs = Math.max(...window.held.map(({ timestampMs }) => timestampMs));
      window.held = window.held.filter((rec) => rec.timestampMs > latestMs - evict.timeMs);
    }
    this.#fired.push(line(window.key, window.startMs, window.endMs, window.held));
    if (purging) window.held = [];
  }

  #isGone(endMs: number): boolean {
    return endMs - 1 + this.#setup.latenessMs <= this.#watermarkMs;
  }
}

describe('windows with triggers and evictors', () => {
  it('give what an oracle gives, restored after every step at any parallelism', () => {
    fc.assert(
      fc.property(
        setups,
        steps,
        fc.infiniteStream(fc.integer({ min: 1, max: 3 })),
        (setup, script, dice) => {
          const expected = new Oracle(setup).outcomeOf(script);
          const factory = operatorOf(setup);
          deepEqual(
            run(factory, script, true, () => undefined),
            expected,
          );
          deepEqual(
            run(factory, script, true, () => dice.next().value),
            expected,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it('give what the operators without a trigger give, with the trigger that those imply', () => {
    const both = (
      trigger: Trigger,
      assigner: WindowAssigner<Rec>,
      script: readonly Step[],
    ): void => {
      const { isEventTime } = assigner;
      const allowedLatenessMs = isEventTime ? 5 : 0;
      const plain = factoryOf(assigner, { allowedLatenessMs });
      const triggered = factoryOf(assigner, { allowedLatenessMs, trigger });
      deepEqual(
        run(triggered, script, isEventTime, (index) => 1 + (index % 3)),
        run(plain, script, isEventTime, () => undefined),
      );
    };
    fc.assert(
      fc.property(small, small, steps, (sizeMs, slideMs, script) => {
        const eventTime = EventTimeTrigger.create();
        both(eventTime, SlidingEventTimeWindows.of(sizeMs, slideMs), script);
        both(eventTime, EventTimeSessionWindows.withGap(sizeMs), script);
        const clock = SlidingProcessingTimeWindows.of(sizeMs, slideMs);
        both(ProcessingTimeTrigger.create(), clock, script);
      }),
      { numRuns: 150 },
    );
  });
});
