/**
 * What the coordinator function does with a batch of messages.
 *
 * I1  Messages of a job are heard in their order: what follows one that has failed fails too, and
 *     comes again with it.
 * I2  A message that nobody can take goes to the dead-letter queue with the reason, at once; who
 *     waits for its answer is told. The job goes on without it.
 * I3  Ticks that are not due yet wait on; those that are go to their job's queue.
 */
import { isErrorWithCode } from '../../../checkpoint/index.ts';
import { type Clock, isStreamError, type Logger, toStreamError } from '../../../core/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import { parseCoordinatorMessage } from './coordinator-message.ts';
import type { CoordinatorQueues, MetricSink, StateMachines } from './effect-ports.ts';
import type { JobTurns } from './job-turns.ts';
import { delayOf } from './turn-effects.ts';

/** A message, as the function is given it. */
export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
  /** Which queue it comes from. */
  readonly queue: 'jobs' | 'ticks';
  /** Of a FIFO queue. */
  readonly group: string;
}

export interface CoordinatorParts {
  readonly turns: Pick<JobTurns, 'turn'>;
  readonly queues: CoordinatorQueues;
  readonly machines: StateMachines;
  readonly metrics: MetricSink;
  readonly logger: Logger;
  readonly clock: Clock;
}

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
    const ticks = records.filter(({ queue }) => queue === 'ticks');
    const jobs = Map.groupBy(
      records.filter(({ queue }) => queue === 'jobs'),
      ({ group }) => group,
    );
    const failed = await Promise.all([
      ...ticks.map((record) => this.#tick(record)),
      ...[...jobs.values()].map((group) => this.#group(group)),
    ]);
    return failed.flat();
  }

  /** I3. */
  async #tick(record: QueueRecord): Promise<readonly string[]> {
    const { queues, clock } = this.#parts;
    try {
      const parsed = parseCoordinatorMessage(record.body);
      if (parsed.type === 'poison') {
        await this.#bury(record, undefined, 'MESSAGE_MALFORMED', parsed.reason);
        return [];
      }
      const { message } = parsed;
      if (message.type !== 'tick') {
        await this.#bury(record, message, 'MESSAGE_MALFORMED', 'it is no tick');
        return [];
      }
      const { atEpochMs, jobId } = message;
      const delayS = delayOf(atEpochMs, clock.nowEpochMs());
      if (delayS > 0) await queues.tick(message, delayS);
      else await queues.send(message, `tick-${jobId}-${atEpochMs}`);
      return [];
    } catch (thrown) {
      this.#warn('a tick could not be passed on', {}, thrown);
      return [record.messageId];
    }
  }

  /** The messages of one group, in their order. */
  async #group(records: readonly QueueRecord[]): Promise<readonly string[]> {
    const taken: Taken[] = [];
    try {
      for (const record of records) {
        const parsed = parseCoordinatorMessage(record.body);
        if (parsed.type === 'message') taken.push({ record, message: parsed.message });
        else await this.#bury(record, undefined, 'MESSAGE_MALFORMED', parsed.reason);
      }
    } catch (thrown) {
      this.#warn('a message could not be put aside', {}, thrown);
      return records.map(({ messageId }) => messageId);
    }
    const byJob = Map.groupBy(taken, ({ message }) => message.jobId);
    const failed = await Promise.all([...byJob].map(([jobId, ofJob]) => this.#job(jobId, ofJob)));
    return failed.flat();
  }

  async #job(jobId: string, taken: readonly Taken[]): Promise<readonly string[]> {
    const { turns } = this.#parts;
    try {
      const messages = taken.map(({ message }) => message);
      await turns.turn(jobId, messages);
      return [];
    } catch (thrown) {
      if (isPoison(thrown)) return await this.#oneByOne(jobId, taken);
      this.#warn('a turn has failed, and is taken again', { jobId }, thrown);
      return idsOf(taken);
    }
  }

  /** I2: finds the message that breaks turns. */
  async #oneByOne(jobId: string, taken: readonly Taken[]): Promise<readonly string[]> {
    for (const [index, { record, message }] of taken.entries()) {
      try {
        await this.#parts.turns.turn(jobId, [message]).catch(async (thrown: unknown) => {
          if (!isPoison(thrown)) throw thrown;
          const { code, message: reason } = toStreamError(thrown);
          await this.#bury(record, message, code, reason);
        });
      } catch (thrown) {
        this.#warn('a turn has failed, and is taken again', { jobId }, thrown);
        // I1.
        return idsOf(taken.slice(index));
      }
    }
    return [];
  }

  async #bury(
    { body, queue, group }: QueueRecord,
    message: CoordinatorMessage | undefined,
    code: string,
    reason: string,
  ): Promise<void> {
    const { queues, machines, logger, metrics } = this.#parts;
    const jobId = message?.jobId ?? null;
    logger.log('error', 'a message is put aside: nobody can take it', { jobId, code, reason });
    metrics.add('PoisonMessages', 1);
    await queues.bury(queue, body, group, `${code}: ${reason}`);
    const token = message !== undefined && 'taskToken' in message ? message.taskToken : undefined;
    if (token !== undefined) await machines.fail(token, code, reason);
  }

  #warn(message: string, fields: Readonly<Record<string, unknown>>, thrown: unknown): void {
    const { code, message: reason, stack } = toStreamError(thrown);
    this.#parts.logger.log('warn', message, { ...fields, code, reason, stack });
  }
}

/** Coming again would not help: there is no such job, or the message breaks what takes it. */
function isPoison(thrown: unknown): boolean {
  if (isErrorWithCode(thrown, 'JOB_NOT_FOUND')) return true;
  return !isStreamError(thrown) || thrown.kind === 'internal';
}

function idsOf(taken: readonly Taken[]): readonly string[] {
  return taken.map(({ record }) => record.messageId);
}
