import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import { OutputTag } from '../operators/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import {
  EventTimeSessionWindows,
  listAggregation,
  type ProcessWindowLike,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  type WindowAssigner,
  windowOperator,
} from './index.ts';

interface Rec {
  readonly key: number;
  readonly id: number;
  readonly timestampMs: number;
}
type Step = Rec | { readonly watermarkMs: number };
/** `key start end ids`, in any order, once for each firing. */
type Outcome = { readonly fired: string[]; readonly late: number[] };

const steps = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ key: fc.nat(2), timestampMs: fc.integer({ min: -20, max: 60 }) }),
      },
      { weight: 1, arbitrary: fc.record({ watermarkMs: fc.integer({ min: -20, max: 70 }) }) },
    ),
    { maxLength: 40 },
  )
  .map((raw): Step[] => {
    let watermarkMs = MIN_TIMESTAMP_MS;
    return raw.map((step, id) => {
      if ('key' in step) return { ...step, id };
      watermarkMs = Math.max(watermarkMs, step.watermarkMs);
      return { watermarkMs };
    });
  });

const line = (key: number, start: number, end: number, ids: readonly number[]): string =>
  `${key} [${start},${end}) ${[...ids].sort((a, b) => a - b).join(',')}`;

function run(
  assigner: WindowAssigner,
  allowedLatenessMs: number,
  script: readonly Step[],
): Outcome {
  const fn: ProcessWindowLike<Rec, string, number> = (key, ctx, elements, out) =>
    out.collect(
      line(
        key,
        ctx.window.start,
        ctx.window.end,
        Array.from(elements, (r) => r.id),
      ),
    );
  const harness = OperatorHarness.oneInput(
    windowOperator<Rec, Rec[], readonly Rec[], string>(assigner, {
      keySelector: (rec) => rec.key,
      aggregation: listAggregation<Rec>(),
      windowFunction: { fn: fn as ProcessWindowLike<unknown, string, unknown>, single: false },
      allowedLatenessMs,
      lateOutputTag: new OutputTag<Rec>('late'),
    }),
  );
  for (const step of script) {
    if ('key' in step) harness.operator.processElement(step, step.timestampMs, -1);
    else harness.operator.processWatermark(step.watermarkMs);
  }
  harness.operator.processWatermark(MAX_WATERMARK_MS);
  return {
    fired: harness.values().sort(),
    late: harness.side('late').map(([value]) => (value as Rec).id),
  };
}

interface OracleWindow {
  readonly key: number;
  start: number;
  end: number;
  ids: number[];
  gone: boolean;
  onTime: boolean;
}

/** Says everything by going through all windows at every step. */
class Oracle {
  readonly #latenessMs: number;
  readonly #windows: OracleWindow[] = [];
  readonly outcome: { fired: string[]; late: number[] } = { fired: [], late: [] };
  #watermarkMs = MIN_TIMESTAMP_MS;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  watermark(watermarkMs: number): void {
    this.#watermarkMs = watermarkMs;
    for (const window of this.#windows) {
      if (window.gone) continue;
      if (!window.onTime && window.end - 1 <= watermarkMs) {
        window.onTime = true;
        this.#fire(window);
      }
      window.gone = this.#isGone(window.end);
    }
  }

  aligned(rec: Rec, sizeMs: number, slideMs: number, offsetMs: number): void {
    let taken = false;
    for (let start = -1000 * slideMs + offsetMs; start <= rec.timestampMs; start += slideMs) {
      if (rec.timestampMs >= start + sizeMs) continue;
      if (this.#isGone(start + sizeMs)) continue;
      taken = true;
      const found = this.#windows.find((w) => w.key === rec.key && w.start === start);
      this.#add(found ?? this.#make(rec.key, start, start + sizeMs), rec.id);
    }
    if (!taken) this.#late(rec);
  }

  session(rec: Rec, gapMs: number): void {
    let start = rec.timestampMs;
    let end = start + gapMs;
    const touched = this.#windows.filter(
      (w) => !w.gone && w.key === rec.key && w.start <= end && w.end >= start,
    );
    start = Math.min(start, ...touched.map((w) => w.start));
    end = Math.max(end, ...touched.map((w) => w.end));
    if (this.#isGone(end)) {
      this.#late(rec);
      return;
    }
    for (const window of touched) window.gone = true;
    const window = this.#make(rec.key, start, end);
    window.ids = touched.flatMap((w) => w.ids);
    this.#add(window, rec.id);
  }

  #make(key: number, start: number, end: number): OracleWindow {
    const onTime = end - 1 <= this.#watermarkMs;
    const window = { key, start, end, ids: [], gone: false, onTime };
    this.#windows.push(window);
    return window;
  }

  #add(window: OracleWindow, id: number): void {
    window.ids.push(id);
    if (window.end - 1 <= this.#watermarkMs) this.#fire(window);
  }

  #fire(window: OracleWindow): void {
    this.outcome.fired.push(line(window.key, window.start, window.end, window.ids));
  }

  #late(rec: Rec): void {
    if (rec.timestampMs + this.#latenessMs <= this.#watermarkMs) this.outcome.late.push(rec.id);
  }

  #isGone(end: number): boolean {
    return end - 1 + this.#latenessMs <= this.#watermarkMs;
  }
}

function expected(
  latenessMs: number,
  script: readonly Step[],
  take: (oracle: Oracle, rec: Rec) => void,
): Outcome {
  const oracle = new Oracle(latenessMs);
  for (const step of script) {
    if ('key' in step) take(oracle, step);
    else oracle.watermark(step.watermarkMs);
  }
  oracle.watermark(MAX_WATERMARK_MS);
  return { fired: oracle.outcome.fired.sort(), late: oracle.outcome.late };
}

const lateness = fc.nat(15);

describe('windowOperator against a brute-force oracle', () => {
  it('agrees for tumbling windows', () => {
    const sizes = fc
      .integer({ min: 1, max: 15 })
      .chain((sizeMs) =>
        fc.tuple(fc.constant(sizeMs), fc.integer({ min: 1 - sizeMs, max: sizeMs - 1 })),
      );
    fc.assert(
      fc.property(steps, lateness, sizes, (script, latenessMs, [sizeMs, offsetMs]) => {
        const assigner = TumblingEventTimeWindows.of(sizeMs, offsetMs);
        assert.deepEqual(
          run(assigner, latenessMs, script),
          expected(latenessMs, script, (o, rec) => o.aligned(rec, sizeMs, sizeMs, offsetMs)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('agrees for sliding windows of any size and slide', () => {
    const length = fc.integer({ min: 1, max: 15 });
    fc.assert(
      fc.property(steps, lateness, length, length, (script, latenessMs, sizeMs, slideMs) => {
        const assigner = SlidingEventTimeWindows.of(sizeMs, slideMs);
        assert.deepEqual(
          run(assigner, latenessMs, script),
          expected(latenessMs, script, (o, rec) => o.aligned(rec, sizeMs, slideMs, 0)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('agrees for sessions', () => {
    const gap = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(steps, lateness, gap, (script, latenessMs, gapMs) => {
        assert.deepEqual(
          run(EventTimeSessionWindows.withGap(gapMs), latenessMs, script),
          expected(latenessMs, script, (o, rec) => o.session(rec, gapMs)),
        );
      }),
      { numRuns: 500 },
    );
  });
});
