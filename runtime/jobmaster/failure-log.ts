import type { Clock, Logger } from '../core/index.ts';
import type { JobGraph } from '../graph/index.ts';
import type { JobJournal } from './job-journal.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobPast } from './job-past.ts';
import {
  type ExceptionHistory,
  type ExceptionRecord,
  resized,
  withException,
} from './restart-exception-history.ts';

/** A failure as it becomes known. */
export type NotedException = Omit<ExceptionRecord, 'timestampEpochMs' | 'taskName'>;

export interface FailureLogParts
  extends Pick<JobMasterParts, 'clock' | 'exceptionHistoryCount' | 'asleep'> {
  readonly journal: Pick<JobJournal, 'past'>;
}

/** Keeps the exception history of a job. */
export class FailureLog {
  readonly #clock: Clock;
  readonly #past: JobPast | undefined;
  #history: ExceptionHistory;

  constructor({ clock, exceptionHistoryCount, asleep, journal }: FailureLogParts) {
    this.#clock = clock;
    this.#past = journal.past;
    const before = asleep?.exceptions ?? journal.past?.record.exceptions;
    this.#history = resized(before, exceptionHistoryCount);
  }

  get history(): ExceptionHistory {
    return this.#history;
  }

  /** @param isRootCause false: it came with an earlier one, and nothing more is done about it. */
  note(exception: NotedException, { vertices }: JobGraph, isRootCause: boolean): void {
    // A failure comes up through the calls of the slot: the operator it names says whose it is.
    const { operator, subtask } = exception.error.details;
    const holders = vertices.filter((v) => v.operators.some(({ name }) => name === operator));
    const reporter = vertices.find(({ id }) => id === exception.task?.vertexId);
    // Names need not be unique: only one that a single other vertex has moves the blame.
    const isElsewhere =
      holders.length === 1 && reporter !== undefined && !holders.includes(reporter);
    const vertex = isElsewhere ? holders[0] : reporter;
    const subtaskIndex = typeof subtask === 'number' ? subtask : exception.task?.subtaskIndex;
    const number = (subtaskIndex ?? 0) + 1;
    const taskName = vertex && `${vertex.name} (${number}/${vertex.parallelism})`;
    const record: ExceptionRecord = {
      ...exception,
      timestampEpochMs: this.#clock.nowEpochMs(),
      ...(taskName === undefined ? {} : { taskName }),
    };
    this.#history = withException(this.#history, record, isRootCause);
    this.#past?.failed(this.#history);
  }

  /** One line for whoever watches the job: without it a restart looks like a pause. */
  tellOfRestart(logger: Logger, delayMs: number): void {
    const [newest] = this.#history.entries;
    if (newest === undefined) return;
    const { error, taskName } = newest;
    logger.log('warn', `the job restarts after: ${error.message}`, {
      ...(taskName === undefined ? {} : { task: taskName }),
      code: error.code,
      delayMs,
    });
  }
}
