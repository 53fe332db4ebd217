import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashKey, keyGroupOf, MAX_WATERMARK_MS, operatorIndexOfKeyGroup } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { type HarnessSnapshot, OperatorHarness, restoreAt } from '../testing/index.ts';
import {
  EventTimeSessionWindows,
  listAggregation,
  type ProcessWindowLike,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';

interface Rec {
  readonly key: number;
  readonly id: number;
  readonly timestampMs: number;
}
type Step =
  | Rec
  | { readonly watermarkMs: number }
  /** A new operator at this parallelism starts from a snapshot. */
  | { readonly restartAt: number }
  | 'snapshot';
type Outcome = { readonly fired: readonly string[]; readonly late: readonly number[] };

const MAX_PARALLELISM = 8;

const steps = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ key: fc.nat(5), timestampMs: fc.integer({ min: -20, max: 60 }) }),
      },
      { weight: 2, arbitrary: fc.record({ watermarkMs: fc.integer({ min: -20, max: 70 }) }) },
      { weight: 1, arbitrary: fc.record({ restartAt: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.constant('snapshot' as const) },
    ),
    { maxLength: 60 },
  )
  .map((raw): Step[] => {
    let watermarkMs = -20;
    return raw.map((step, id) => {
      if (step === 'snapshot' || 'restartAt' in step) return step;
      if ('key' in step) return { ...step, id };
      watermarkMs = Math.max(watermarkMs, step.watermarkMs);
      return { watermarkMs };
    });
  });

const firing: ProcessWindowLike<Rec, string, number> = (key, { window }, elements, out) => {
  const ids = Array.from(elements, ({ id }) => id).sort((a, b) => a - b);
  out.collect(`${key} [${window.start},${window.end}) ${ids.join(',')}`);
};

const harnessOf = (
  assigner: WindowAssigner,
  allowedLatenessMs: number,
  options: ReturnType<typeof restoreAt> = {},
) => {
  const fn = firing as ProcessWindowLike<unknown, string, unknown>;
  const harness = OperatorHarness.oneInput(
    windowOperator<Rec, Rec[], readonly Rec[], string>(assigner, {
      keySelector: (rec) => rec.key,
      aggregation: listAggregation<Rec>(),
      windowFunction: { fn, single: false },
      allowedLatenessMs,
      ...(assigner.isEventTime ? { lateOutputTag: new OutputTag<Rec>('late') } : {}),
    }),
    { ...options, maxParallelism: MAX_PARALLELISM },
  );
  void harness.operator.open();
  return harness;
};

/** All subtasks of a window operator, which restart when the script says so. */
class Subtasks {
  readonly fired: string[] = [];
  readonly late: number[] = [];
  readonly #create: (options?: ReturnType<typeof restoreAt>) => ReturnType<typeof harnessOf>;
  #subtasks: ReturnType<typeof harnessOf>[];

  constructor(assigner: WindowAssigner, allowedLatenessMs: number) {
    this.#create = (options) => harnessOf(assigner, allowedLatenessMs, options);
    this.#subtasks = [this.#create()];
  }

  record(rec: Rec): void {
    const keyGroup = keyGroupOf(hashKey(rec.key), MAX_PARALLELISM);
    const parallelism = this.#subtasks.length;
    const index = operatorIndexOfKeyGroup(MAX_PARALLELISM, parallelism, keyGroup);
    this.#subtasks[index]?.operator.processElement(rec, rec.timestampMs, keyGroup);
  }

  watermark(watermarkMs: number): void {
    for (const one of this.#subtasks) one.operator.processWatermark(watermarkMs);
  }

  processingTime(epochMs: number): void {
    for (const one of this.#subtasks) one.setProcessingTime(epochMs);
  }

  snapshot(): HarnessSnapshot[] {
    return this.#subtasks.map((one) => one.snapshotSync('delta'));
  }

  restart(parallelism: number, startEpochMs: number): void {
    const snapshots = this.snapshot();
    this.collect();
    this.#subtasks = Array.from({ length: parallelism }, (_, i) =>
      this.#create({ ...restoreAt(snapshots, i, parallelism), startEpochMs }),
    );
  }

  collect(): void {
    for (const one of this.#subtasks) {
      this.fired.push(...one.values());
      this.late.push(...one.side('late').map(([value]) => (value as Rec).id));
    }
  }

  outcome(): Outcome {
    this.collect();
    return { fired: this.fired.sort(), late: this.late.sort((a, b) => a - b) };
  }
}

/** The watermark comes again after a restart, before any record. */
function run(
  assigner: WindowAssigner,
  allowedLatenessMs: number,
  script: readonly Step[],
  restarting: boolean,
): Outcome {
  const subtasks = new Subtasks(assigner, allowedLatenessMs);
  const { isEventTime } = assigner;
  const advance = (ms: number): void =>
    isEventTime ? subtasks.watermark(ms) : subtasks.processingTime(ms + 20);
  let nowMs: number | undefined;
  for (const step of script) {
    if (step === 'snapshot') {
      if (restarting) subtasks.snapshot();
    } else if ('restartAt' in step) {
      if (!restarting) continue;
      subtasks.restart(step.restartAt, isEventTime ? 0 : (nowMs ?? -20) + 20);
      if (nowMs !== undefined && isEventTime) advance(nowMs);
    } else if ('key' in step) subtasks.record(step);
    else {
      nowMs = step.watermarkMs;
      advance(nowMs);
    }
  }
  advance(isEventTime ? MAX_WATERMARK_MS : 1000);
  return subtasks.outcome();
}

function sameWithRestarts(assigners: fc.Arbitrary<WindowAssigner>): void {
  fc.assert(
    fc.property(steps, fc.nat(15), assigners, (script, lateness, assigner) => {
      const latenessMs = assigner.isEventTime ? lateness : 0;
      deepEqual(run(assigner, latenessMs, script, true), run(assigner, latenessMs, script, false));
    }),
    { numRuns: 400 },
  );
}

describe('windows with snapshots and restores at random places, rescaled', () => {
  const lengthMs = fc.integer({ min: 1, max: 15 });

  it('give what tumbling windows give without', () => {
    sameWithRestarts(lengthMs.map((sizeMs) => TumblingEventTimeWindows.of(sizeMs)));
  });

  it('give what sliding windows give without', () => {
    const both = fc.tuple(lengthMs, lengthMs);
    sameWithRestarts(both.map(([sizeMs, slideMs]) => SlidingEventTimeWindows.of(sizeMs, slideMs)));
  });

  it('give what session windows give without', () => {
    sameWithRestarts(lengthMs.map((gapMs) => EventTimeSessionWindows.withGap(gapMs)));
  });

  it('give what windows of processing time give without', () => {
    const both = fc.tuple(lengthMs, lengthMs);
    sameWithRestarts(both.map(([size, slide]) => SlidingProcessingTimeWindows.of(size, slide)));
  });
});
