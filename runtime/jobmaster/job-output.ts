import type { SlotReport, SubtaskRef, TaskMetricsRecord } from '../protocol/index.ts';
import type { JobMasterParts } from './job-master-parts.ts';

export type OutputReport = Extract<
  SlotReport,
  { readonly type: 'metrics' | 'print' | 'deliver' | 'log' }
>;

/** Who reports. */
export interface ReportingSlot {
  readonly slotIndex: number;
  readonly attempt: number;
}

/** What slots tell that changes nothing of their job: counters, log lines, what people see. */
export class JobOutput {
  readonly #parts: Pick<JobMasterParts, 'onPrint' | 'onDeliver' | 'logger' | 'clock'>;
  readonly #metrics = new Map<string, TaskMetricsRecord>();
  readonly #heardAtEpochMs = new Map<string, number>();

  constructor(
    parts: Pick<JobMasterParts, 'onPrint' | 'onDeliver' | 'logger' | 'clock' | 'asleep'>,
  ) {
    this.#parts = parts;
    for (const task of parts.asleep?.metrics ?? []) this.#metrics.set(taskKey(task), task);
  }

  /** The newest of every task. */
  get metrics(): ReadonlyMap<string, TaskMetricsRecord> {
    return this.#metrics;
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
