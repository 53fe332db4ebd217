import type { SlotReport, SubtaskRef, TaskMetricsRecord } from '../protocol/index.ts';
import { withoutRates } from './job-executions.ts';
import type { JobMasterParts } from './job-master-parts.ts';

export type OutputReport = Extract<
  SlotReport,
  { readonly type: 'metrics' | 'print' | 'deliver' | 'log' }
>;

/** A thread that has much to do is late, but its last seconds are not those of its last report. */
const MISSED_REPORTS = 10;

/** Who reports. */
export interface ReportingSlot {
  readonly slotIndex: number;
  readonly attempt: number;
}

type OutputParts = Pick<
  JobMasterParts,
  'onPrint' | 'onDeliver' | 'logger' | 'clock' | 'reportIntervalMs'
>;

/**
 * What slots tell that changes nothing of their job: counters, log lines, what people see.
 *
 * I1  What is said of a task's last seconds is not shown when it has said nothing for so long.
 */
export class JobOutput {
  readonly #parts: OutputParts;
  readonly #metrics = new Map<string, TaskMetricsRecord>();
  readonly #heardAtEpochMs = new Map<string, number>();

  constructor(parts: OutputParts & Pick<JobMasterParts, 'asleep'>) {
    this.#parts = parts;
    for (const task of parts.asleep?.metrics ?? []) this.#metrics.set(taskKey(task), task);
  }

  /** The newest of every task. */
  get metrics(): ReadonlyMap<string, TaskMetricsRecord> {
    return this.#metrics;
  }

  /** I1: of a task that is silent, what was before its first rates were known. */
  get shown(): ReadonlyMap<string, TaskMetricsRecord> {
    const { clock, reportIntervalMs } = this.#parts;
    if (reportIntervalMs === undefined) return this.#metrics;
    const nowEpochMs = clock.nowEpochMs();
    const maxAgeMs = MISSED_REPORTS * reportIntervalMs;
    return new Map(
      [...this.#metrics].map(([key, task]) => {
        const heardAt = this.#heardAtEpochMs.get(key) ?? 0;
        return [key, nowEpochMs - heardAt > maxAgeMs ? withoutRates(task) : task];
      }),
    );
  }

  /** When it last reported to this master, by `vertexId:subtaskIndex`. */
  get heardAtEpochMs(): ReadonlyMap<string, number> {
    return this.#heardAtEpochMs;
  }

  /** @param received tells the slot that the client has taken what it sent under this id. */
  take(report: OutputReport, from: ReportingSlot, received: (id: number) => void): void {
    const { onPrint, onDeliver, logger } = this.#parts;
    switch (report.type) {
      case 'metrics':
        this.#count(report.tasks);
        break;
      case 'print':
        acknowledge(onPrint(report.text), () => received(report.id));
        break;
      case 'deliver':
        acknowledge(onDeliver(report.collectId, report.values), () => received(report.id));
        break;
      case 'log':
        logger.log(report.level, report.message, {
          ...{ attempt: from.attempt, slot: from.slotIndex },
          ...report.fields,
        });
        break;
    }
  }

  #count(tasks: readonly TaskMetricsRecord[]): void {
    const nowEpochMs = this.#parts.clock.nowEpochMs();
    for (const task of tasks) {
      this.#metrics.set(taskKey(task), task);
      this.#heardAtEpochMs.set(taskKey(task), nowEpochMs);
    }
  }

  /** Counters of this task start anew. */
  reset(task: SubtaskRef): void {
    this.#metrics.delete(taskKey(task));
    this.#heardAtEpochMs.delete(taskKey(task));
  }

  resetAll(): void {
    this.#metrics.clear();
    this.#heardAtEpochMs.clear();
  }
}

function acknowledge(taken: Promise<void> | undefined, received: () => void): void {
  if (taken === undefined) received();
  else taken.then(received, received);
}

function taskKey({ vertexId, subtaskIndex }: SubtaskRef): string {
  return `${vertexId}:${subtaskIndex}`;
}
