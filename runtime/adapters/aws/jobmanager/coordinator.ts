/**
 * What the coordinator function does with a batch of messages.
 *
 * I1  Messages of a job are heard in their order: what follows one that has failed fails too, and
 *     comes again with it.
 * I2  A message that nobody can take goes to the dead-letter queue with the reason, at once; who
 *     waits for its answer is told. The job goes on without it.
 * I3  A job that no turn can be taken for, whatever its messages, has failed before they go to the
 *     dead-letter queue; its status says why.
 */
import { isStreamError, type Logger, toStreamError } from '../../../core/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { parseCoordinatorMessage } from './coordinator-message.ts';
import type { CoordinatorQueues, MetricSink, StateMachines } from './effect-ports.ts';
import type { JobTurns } from './job-turns.ts';

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

export interface CoordinatorParts {
  readonly turns: Pick<JobTurns, 'turn' | 'fail'>;
  readonly queues: CoordinatorQueues;
  readonly machines: StateMachines;
  readonly metrics: MetricSink;
  readonly logger: Logger;
}

/** After so many a turn that fails fails for good; the queue gives up later. */
export const MAX_RECEIVES = 3;

interface Taken {
  readonly record: QueueRecord;
  readonly message: CoordinatorMessage;
}

export class Coordinator {
  readonly #parts: CoordinatorParts;

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
  }

  /** @returns ids of messages that have to come again. */
  async handle(records: readonly QueueRecord[]): Promise<readonly string[]> {
    const groups = [...Map.groupBy(records, ({ group }) => group).values()];
    return (await Promise.all(groups.map((group) => this.#group(group)))).flat();
  }

  /** The messages of one group, in their order. */
  async #group(records: readonly QueueRecord[]): Promise<readonly string[]> {
    const taken: Taken[] = [];
    let readCount = 0;
    for (const record of records) {
      const parsed = parseCoordinatorMessage(record.body);
      if (parsed.type === 'message') taken.push({ record, message: parsed.message });
      else if (!(await this.#isBuried(record, parsed.reason))) break;
      readCount += 1;
    }
    const byJob = Map.groupBy(taken, ({ message }) => message.jobId);
    const failed = await Promise.all([...byJob].map(([jobId, ofJob]) => this.#job(jobId, ofJob)));
    // I1.
    const unread = records.slice(readCount).map(({ messageId }) => messageId);
    return [...failed.flat(), ...unread];
  }

  async #isBuried(record: QueueRecord, reason: string): Promise<boolean> {
    try {
      await this.#bury(record, undefined, 'MESSAGE_MALFORMED', reason);
      return true;
    } catch (thrown) {
      this.#warn('a message could not be put aside', {}, thrown);
      return false;
    }
  }

  async #job(jobId: string, taken: readonly Taken[]): Promise<readonly string[]> {
    const { turns } = this.#parts;
    try {
      const messages = taken.map(({ message }) => message);
      await turns.turn(jobId, messages);
      return [];
    } catch (thrown) {
      if (mayPass(thrown)) return this.#again(jobId, taken, thrown);
      return await this.#oneByOne(jobId, taken);
    }
  }

  /** Finds what breaks turns: a message (I2), or the job (I3). */
  async #oneByOne(jobId: string, taken: readonly Taken[]): Promise<readonly string[]> {
    for (const [index, one] of taken.entries()) {
      try {
        await this.#parts.turns.turn(jobId, [one.message]);
      } catch (thrown) {
        const isOver = !mayPass(thrown) && (await this.#putAside(jobId, one, thrown));
        // I1.
        if (!isOver) return this.#again(jobId, taken.slice(index), thrown);
      }
    }
    return [];
  }

  /** @returns false: the message has to come again. */
  async #putAside(jobId: string, { record, message }: Taken, thrown: unknown): Promise<boolean> {
    const { turns, logger } = this.#parts;
    const error = toStreamError(thrown);
    const { code, message: reason } = error;
    try {
      const isOfJob = code !== 'JOB_NOT_FOUND' && (await this.#isBroken(jobId));
      if (!isOfJob) {
        await this.#bury(record, message, code, reason);
        return true;
      }
      if (record.receives < MAX_RECEIVES) return false;
      logger.log('error', 'a job is ended: no turn can be taken for it', { jobId, code, reason });
      await turns.fail(jobId, error.toJSON());
      await turns.turn(jobId, [message]);
      return true;
    } catch (failed) {
      this.#warn('a message could not be put aside', { jobId }, failed);
      return false;
    }
  }

  /** No turn can be taken for the job, even without messages. */
  async #isBroken(jobId: string): Promise<boolean> {
    try {
      await this.#parts.turns.turn(jobId, []);
      return false;
    } catch (thrown) {
      if (mayPass(thrown)) throw thrown;
      return true;
    }
  }

  #again(jobId: string, taken: readonly Taken[], thrown: unknown): readonly string[] {
    this.#warn('a turn has failed, and is taken again', { jobId }, thrown);
    return taken.map(({ record }) => record.messageId);
  }

  async #bury(
    { body, group }: QueueRecord,
    message: CoordinatorMessage | undefined,
    code: string,
    reason: string,
  ): Promise<void> {
    const { queues, machines, logger, metrics } = this.#parts;
    const jobId = message?.jobId ?? null;
    logger.log('error', 'a message is put aside: nobody can take it', { jobId, code, reason });
    metrics.add('PoisonMessages', 1);
    await queues.bury('jobs', body, group, `${code}: ${reason}`);
    const token = message !== undefined && 'taskToken' in message ? message.taskToken : undefined;
    if (token !== undefined) await machines.fail(token, code, reason);
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>, thrown: unknown): void {
    const { code, message: reason, stack } = toStreamError(thrown);
    this.#parts.logger.log('warn', message, { ...fields, code, reason, stack });
  }
}

/** Of the same message: the stores do not answer, or somebody else is in charge. */
function mayPass(thrown: unknown): boolean {
  return isStreamError(thrown) && /^(unavailable|conflict|fenced)$/.test(thrown.kind);
}
