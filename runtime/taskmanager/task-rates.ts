/**
 * What of a task's counters is a second's share, over the last ten seconds: the names are those of
 * Flink's meters.
 */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type {
  OperatorFactsRecord,
  RecentFactsRecord,
  TaskMetricsRecord,
  TaskRates,
} from '../protocol/index.ts';
import { OperatorPaces } from './operator-paces.ts';

const WINDOW_MS = 10_000;
/** Samples that are closer say more of the clock than of the task. */
const MIN_SPAN_MS = 100;

const COUNTER_OF: Readonly<Record<keyof TaskRates, keyof TaskMetricsRecord>> = {
  numRecordsInPerSecond: 'numRecordsIn',
  numRecordsOutPerSecond: 'numRecordsOut',
  numBytesInPerSecond: 'numBytesIn',
  numBytesOutPerSecond: 'numBytesOut',
  busyTimeMsPerSecond: 'busyTimeMs',
  backPressuredTimeMsPerSecond: 'backPressuredTimeMs',
  idleTimeMsPerSecond: 'idleTimeMs',
};
const RATES = Object.entries(COUNTER_OF) as [keyof TaskRates, keyof TaskMetricsRecord][];

interface Sample {
  readonly atEpochMs: number;
  readonly task: TaskMetricsRecord;
}

/** Of the tasks of a slot. */
export class TaskRateWindows {
  /** In the order of the tasks. */
  #windows: readonly RateWindow[] = [];

  /** Adds the rates to reports of now. */
  take(tasks: readonly TaskMetricsRecord[], atEpochMs: number): readonly TaskMetricsRecord[] {
    this.#windows = tasks.map((_, index) => this.#windows[index] ?? new RateWindow());
    return tasks.map((task, index) => {
      const window = this.#windows[index];
      const rates = window?.take(task, atEpochMs);
      const recent = window?.recent;
      if (rates === undefined) return task;
      return { ...task, rates, ...(recent === undefined ? {} : { recent }) };
    });
  }
}

/** The reports of one task, of the window. */
export class RateWindow {
  /** Oldest first. */
  #samples: readonly Sample[] = [];
  readonly #paces = new OperatorPaces();

  /** Between the oldest report and the newest. Undefined: too little is known yet. */
  get recent(): RecentFactsRecord | undefined {
    const [oldest] = this.#samples;
    const newest = this.#samples.at(-1);
    if (oldest === undefined || newest === undefined || oldest === newest) return undefined;
    const watermarkAdvanceMs = advanceMs(oldest.task, newest.task);
    return {
      spanMs: newest.atEpochMs - oldest.atEpochMs,
      ...recentCounts(oldest.task.operators ?? [], newest.task.operators ?? []),
      ...(watermarkAdvanceMs === undefined ? {} : { watermarkAdvanceMs }),
      paces: this.#paces.paces,
    };
  }

  /** Takes a report and answers the rates that go with it; undefined: too little is known yet. */
  take(task: TaskMetricsRecord, atEpochMs: number): TaskRates | undefined {
    this.#paces.take(task.operators ?? [], atEpochMs);
    // What the window's first moment is compared with lies before it.
    const from = this.#samples.findLastIndex((one) => one.atEpochMs <= atEpochMs - WINDOW_MS);
    const kept = this.#samples.slice(Math.max(0, from));
    const [oldest] = kept;
    const spanMs = oldest === undefined ? 0 : atEpochMs - oldest.atEpochMs;
    if (oldest !== undefined && spanMs < MIN_SPAN_MS) return undefined;
    this.#samples = [...kept, { atEpochMs, task }];
    if (oldest === undefined) return undefined;
    const rates = RATES.map(([rate, counter]) => {
      const change = Number(task[counter]) - Number(oldest.task[counter]);
      return [rate, Math.max(0, (change * 1000) / spanMs)];
    });
    return Object.fromEntries(rates) as TaskRates;
  }
}

function recentCounts(
  before: readonly OperatorFactsRecord[],
  now: readonly OperatorFactsRecord[],
): Pick<RecentFactsRecord, 'numRecordsIn' | 'numRecordsOut' | 'numRecordsSide'> {
  const grown = (index: number, name: 'numRecordsIn' | 'numRecordsOut' | 'numRecordsSide') =>
    Math.max(0, (now[index]?.[name] ?? 0) - (before[index]?.[name] ?? 0));
  const side = now.map((_, index) => grown(index, 'numRecordsSide'));
  return {
    numRecordsIn: now.map(({ numRecordsIn }, index) => {
      return numRecordsIn === undefined ? null : grown(index, 'numRecordsIn');
    }),
    numRecordsOut: now.map((_, index) => grown(index, 'numRecordsOut')),
    ...(side.some((count) => count > 0) ? { numRecordsSide: side } : {}),
  };
}

/** Undefined: the first watermark has come meanwhile, or the last. */
function advanceMs(from: TaskMetricsRecord, to: TaskMetricsRecord): number | undefined {
  const fromMs = from.currentInputWatermarkMs;
  const toMs = to.currentInputWatermarkMs;
  if (fromMs === toMs) return 0;
  if (fromMs === MIN_TIMESTAMP_MS || toMs === MAX_WATERMARK_MS) return undefined;
  return Math.max(0, toMs - fromMs);
}
