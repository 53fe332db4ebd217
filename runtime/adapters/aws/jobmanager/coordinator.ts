/**
 * What the coordinator function does with a batch of messages.
 *
 * I1  Messages of a job are heard in their order: what follows one that has failed fails too, and
 *     comes again with it.
 * I2  A message that nobody can take goes to the dead-letter queue with the reason, at once; who
 *     waits for its answer is told. The job goes on without it.
 * I3  Jobs of a batch do not suffer from each other: what was received before is tried behind the
 *     rest, one job at a time, what somebody has died of at the very end, and what is done by then
 *     is deleted first. A turn that does not end in time fails alone.
 */
import { StreamError, type Timers, toStreamError } from '../../../core/index.ts';
import { parseCoordinatorMessage } from './coordinator-message.ts';
import type { MetricSink } from './effect-ports.ts';
import {
  deleteDone,
  JobMessages,
  type JobMessagesParts,
  Late,
  putAside,
  type Taken,
} from './job-messages.ts';
import { NO_TROUBLE } from './job-troubles.ts';

/** What comes again and again is to be told while somebody lives to tell it. */
export function tellReceives(records: readonly QueueRecord[], metrics: MetricSink): void {
  const receives = receivesOf(records);
  if (receives > 1) metrics.add('MessageReceives', receives);
}

/** A message, as the function is given it. */
export interface QueueRecord {
  readonly messageId: string;
  /** What it is called by who has received it. */
  readonly receiptHandle: string;
  readonly body: string;
  /** Of a FIFO queue. */
  readonly group: string;
  /** How often it was received, this time included. */
  readonly receives: number;
}

export interface CoordinatorParts extends JobMessagesParts {
  readonly timers: Timers;
}

/** Of the time that is left: for the answer, and for what a turn that is given up says of itself. */
const ANSWER_MS = 2_000;

export class Coordinator {
  readonly #parts: CoordinatorParts;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  /**
   * @param withinMs when the process is ended that works on them.
   * @returns ids of messages that have to come again.
   */
  async handle(records: readonly QueueRecord[], withinMs?: number): Promise<readonly string[]> {
    tellReceives(records, this.#parts.metrics);
    const late = new Late();
    if (withinMs === undefined) return await this.#batch(records, late);
    const turnsMs = Math.max(withinMs / 2, withinMs - ANSWER_MS);
    const cancel = this.#parts.timers.schedule(turnsMs, () => late.reject(turnLate(turnsMs)));
    try {
      return await this.#batch(records, late);
    } finally {
      cancel();
    }
  }

  /** I3. */
  async #batch(records: readonly QueueRecord[], late: Late): Promise<readonly string[]> {
    const groups = [...Map.groupBy(records, ({ group }) => group).values()];
    const fresh = groups.filter((group) => receivesOf(group) <= 1);
    const failed = (await Promise.all(fresh.map((group) => this.#group(group, late)))).flat();
    const suspects = await this.#inOrder(groups.filter((group) => receivesOf(group) > 1));
    let done = fresh.flat().filter(({ messageId }) => !failed.includes(messageId));
    for (const group of suspects) {
      await deleteDone(this.#parts, done);
      const again = late.isNow ? idsOf(group) : await this.#group(group, late);
      failed.push(...again);
      done = group.filter(({ messageId }) => !again.includes(messageId));
    }
    return failed;
  }

  /** I3: those that somebody died of behind the others. */
  async #inOrder(
    suspects: readonly (readonly QueueRecord[])[],
  ): Promise<readonly (readonly QueueRecord[])[]> {
    if (suspects.length < 2) return suspects;
    const { troubles } = this.#parts;
    const ranked = await Promise.all(
      suspects.map(async (records) => {
        const { deaths } = await troubles.get(records[0]?.group ?? '').catch(() => NO_TROUBLE);
        return { records, deaths, receives: receivesOf(records) };
      }),
    );
    return ranked
      .toSorted((a, b) => a.deaths - b.deaths || a.receives - b.receives)
      .map(({ records }) => records);
  }

  /** The messages of one group, in their order. */
  async #group(records: readonly QueueRecord[], late: Late): Promise<readonly string[]> {
    const taken: Taken[] = [];
    let readCount = 0;
    for (const record of records) {
      const parsed = parseCoordinatorMessage(record.body);
      if (parsed.type === 'message') taken.push({ record, message: parsed.message });
      else if (!(await this.#isBuried(record, parsed.reason))) break;
      readCount += 1;
    }
    const byJob = Map.groupBy(taken, ({ message }) => message.jobId);
    const isSuspect = receivesOf(records) > 1;
    const failed = await Promise.all(
      [...byJob].map(async ([jobId, ofJob]) => {
        const job = new JobMessages(this.#parts, jobId, late);
        return await (isSuspect ? job.takeSuspects(ofJob) : job.take(ofJob));
      }),
    );
    // I1.
    return [...failed.flat(), ...idsOf(records.slice(readCount))];
  }

  /** I2. */
  async #isBuried(record: QueueRecord, reason: string): Promise<boolean> {
    try {
      await putAside(this.#parts, record, undefined, 'MESSAGE_MALFORMED', reason);
      return true;
    } catch (thrown) {
      this.#warn('a message could not be put aside', thrown);
      return false;
    }
  }

  #warn(message: string, thrown: unknown): void {
    const { code, message: reason, stack } = toStreamError(thrown);
    this.#parts.logger.log('warn', message, { code, reason, stack });
  }
}

function idsOf(records: readonly QueueRecord[]): readonly string[] {
  return records.map(({ messageId }) => messageId);
}

/** Of that which was received most often. */
function receivesOf(records: readonly QueueRecord[]): number {
  return Math.max(0, ...records.map(({ receives }) => receives));
}

function turnLate(afterMs: number): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'TURN_LATE',
    message: `a turn does not end in time, and is taken again: raise turnTimeout afterMs=${Math.round(afterMs)}`,
    details: { afterMs: Math.round(afterMs) },
  });
}
