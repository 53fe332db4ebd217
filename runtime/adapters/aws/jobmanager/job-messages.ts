/**
 * Takes turns with the messages of one job, and finds who is to blame when they fail.
 *
 * I1  What follows a message that has failed fails too, and comes again with it.
 * I2  A message that breaks turns goes to the dead-letter queue; a job that no turn can be taken
 *     for, whatever its messages, has failed instead, and its status says why.
 * I3  An outage never makes a message, or a job, be given up; what failed by one waits longer each
 *     time.
 * I4  A message that process after process dies of goes to the dead-letter queue, too. If they die
 *     of the next one as well, it is the job, which has failed then (`job-troubles.ts`).
 */
import { type Logger, StreamError, toStreamError } from '../../../core/index.ts';
import type { CoordinatorMessage } from '../messages.ts';
import type { QueueRecord } from './coordinator.ts';
import type { CoordinatorQueues, MetricSink, StateMachines } from './effect-ports.ts';
import { type JobTroubles, NO_TROUBLE, type Trouble } from './job-troubles.ts';
import type { JobTurns } from './job-turns.ts';
import { isOutage, pauseOf } from './outage.ts';

export interface JobMessagesParts {
  readonly turns: Pick<JobTurns, 'turn' | 'fail'>;
  readonly queues: CoordinatorQueues;
  readonly machines: StateMachines;
  readonly troubles: JobTroubles;
  readonly metrics: MetricSink;
  readonly logger: Logger;
}

/** A message that was read. */
export interface Taken {
  readonly record: QueueRecord;
  readonly message: CoordinatorMessage;
}

/** After so many turns that failed by no outage a job is ended. */
export const MAX_FAULTS = 3;
/** After so many processes that died of it, beside the first, a message is put aside. */
export const MAX_DEATHS = 3;

/** Turns are waited for no longer. */
export class Late {
  isNow = false;
  readonly comes: Promise<never>;
  readonly #reject: (error: StreamError) => void;

  constructor() {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.comes = promise;
    this.#reject = reject;
  }

  reject(error: StreamError): void {
    this.isNow = true;
    this.#reject(error);
  }
}

export class JobMessages {
  readonly #parts: JobMessagesParts;
  readonly #jobId: string;
  readonly #late: Late;

  constructor(parts: JobMessagesParts, jobId: string, late: Late) {
    this.#parts = parts;
    this.#jobId = jobId;
    this.#late = late;
  }

  /** @returns ids of messages that have to come again. */
  async take(taken: readonly Taken[]): Promise<readonly string[]> {
    try {
      await this.#turn(taken.map(({ message }) => message));
      return [];
    } catch (thrown) {
      if (isOutage(thrown)) return await this.#again(taken, thrown);
      return await this.#oneByOne(taken);
    }
  }

  /** Messages that were received before, and what came of it is not known. @returns as `take`. */
  async takeSuspects(taken: readonly Taken[]): Promise<readonly string[]> {
    const { troubles } = this.#parts;
    const [first] = taken;
    if (first === undefined) return [];
    try {
      const before = await troubles.get(this.#jobId);
      if (before.deaths > 0) return await this.#afterDeaths(taken, before);
      const again = await this.#marked(taken, first, before);
      if (again.length === 0) await troubles.clear(this.#jobId);
      return again;
    } catch (thrown) {
      return await this.#again(taken, thrown);
    }
  }

  /** I4: somebody died; the messages are tried one at a time. */
  async #afterDeaths(taken: readonly Taken[], before: Trouble): Promise<readonly string[]> {
    const { troubles, queues } = this.#parts;
    let trouble = before;
    for (const [index, one] of taken.entries()) {
      const { messageId } = one.record;
      const deaths = trouble.messageId === messageId ? trouble.deaths : 0;
      if (deaths < MAX_DEATHS) {
        const again = await this.#marked([one], one, { ...trouble, messageId, deaths });
        if (again.length > 0) return taken.slice(index).map(({ record }) => record.messageId);
        trouble = NO_TROUBLE;
        // If somebody dies of a later one, this one is not tried again.
        await deleteDone(this.#parts, [one.record]);
      } else {
        await this.#killer(one, deaths, trouble.buried > 0);
        // While it may come again, the row says that it kills.
        await queues.done([one.record.receiptHandle]);
        trouble = { ...NO_TROUBLE, buried: trouble.buried + 1 };
        await troubles.put(this.#jobId, trouble);
      }
    }
    if (trouble.buried > 0) await this.#probe(trouble);
    else await troubles.clear(this.#jobId);
    return [];
  }

  /** Whether the job goes on without what was put aside (I4). */
  async #probe(trouble: Trouble): Promise<void> {
    const { troubles } = this.#parts;
    try {
      await troubles.put(this.#jobId, { ...trouble, deaths: 1 });
      await this.#turn([]);
      await troubles.clear(this.#jobId);
    } catch (thrown) {
      this.#warn('a job has not gone on yet without a message that was put aside', thrown);
    }
  }

  /** The row says who is tried, until it is known that nobody died of it. */
  async #marked(
    taken: readonly Taken[],
    { record: { messageId } }: Taken,
    before: Trouble,
  ): Promise<readonly string[]> {
    const { troubles } = this.#parts;
    const mark = { ...before, messageId, deaths: before.deaths + 1 };
    await troubles.put(this.#jobId, mark);
    const again = await this.take(taken);
    if (again.length > 0) await this.#survived(mark);
    return again;
  }

  async #survived(mark: Trouble): Promise<void> {
    try {
      await this.#parts.troubles.survived(this.#jobId, mark);
    } catch (thrown) {
      this.#warn('a row says of a process that it died, until the job is tried again', thrown);
    }
  }

  /** I4. */
  async #killer({ record, message }: Taken, deaths: number, isOfJob: boolean): Promise<void> {
    const { turns, logger } = this.#parts;
    const error = coordinatorKilled(this.#jobId, deaths + 1);
    if (!isOfJob) return await putAside(this.#parts, record, message, error.code, error.message);
    const { code, message: reason } = error;
    const fields = { jobId: this.#jobId, code, reason };
    logger.log('error', 'a job is ended: its turns end their processes', fields);
    await turns.fail(this.#jobId, error.toJSON());
    await putAside(this.#parts, record, message, code, reason);
  }

  /** Finds what breaks turns (I2). */
  async #oneByOne(taken: readonly Taken[]): Promise<readonly string[]> {
    for (const [index, one] of taken.entries()) {
      try {
        await this.#turn([one.message]);
      } catch (thrown) {
        const isOver = !isOutage(thrown) && (await this.#isPutAside(one, thrown));
        // I1.
        if (!isOver) return await this.#again(taken.slice(index), thrown);
      }
    }
    return [];
  }

  /** @returns false: the message has to come again. */
  async #isPutAside({ record, message }: Taken, thrown: unknown): Promise<boolean> {
    const { turns, logger } = this.#parts;
    const error = toStreamError(thrown);
    const { code, message: reason } = error;
    const jobId = this.#jobId;
    try {
      const isOfJob = code !== 'JOB_NOT_FOUND' && (await this.#isBroken());
      if (!isOfJob) {
        await putAside(this.#parts, record, message, code, reason);
        return true;
      }
      if ((await this.#faults()) < MAX_FAULTS) return false;
      logger.log('error', 'a job is ended: no turn can be taken for it', { jobId, code, reason });
      await turns.fail(jobId, error.toJSON());
      await this.#turn([message]);
      return true;
    } catch (failed) {
      this.#warn('a message could not be put aside', failed);
      return false;
    }
  }

  /** No turn can be taken for the job, even without messages. */
  async #isBroken(): Promise<boolean> {
    try {
      await this.#turn([]);
      return false;
    } catch (thrown) {
      if (isOutage(thrown)) throw thrown;
      return true;
    }
  }

  /** Of the job, this one included: user code that failed may work again. */
  async #faults(): Promise<number> {
    const { troubles } = this.#parts;
    const trouble = await troubles.get(this.#jobId);
    const faults = trouble.faults + 1;
    await troubles.put(this.#jobId, { ...trouble, faults });
    return faults;
  }

  async #turn(messages: readonly CoordinatorMessage[]): Promise<void> {
    const turn = this.#parts.turns.turn(this.#jobId, messages);
    // One that is given up goes on until the process is frozen; who follows it fences it.
    turn.catch(() => undefined);
    await Promise.race([turn, this.#late.comes]);
  }

  /** I3: what fails by itself is hidden for as long as the queue says. */
  async #again(taken: readonly Taken[], thrown: unknown): Promise<readonly string[]> {
    this.#warn('a turn has failed, and is taken again', thrown);
    if (isOutage(thrown) && !this.#late.isNow) await this.#hide(taken);
    return taken.map(({ record }) => record.messageId);
  }

  async #hide(taken: readonly Taken[]): Promise<void> {
    const records = taken.map(({ record }) => record);
    const pauseS = pauseOf(Math.max(...records.map(({ receives }) => receives)));
    const handles = records.map(({ receiptHandle }) => receiptHandle);
    try {
      await Promise.race([this.#parts.queues.hide('jobs', handles, pauseS), this.#late.comes]);
    } catch (failed) {
      this.#warn('messages wait as long as their queue says', failed);
    }
  }

  #warn(message: string, thrown: unknown): void {
    const { code, message: reason, stack } = toStreamError(thrown);
    this.#parts.logger.log('warn', message, { jobId: this.#jobId, code, reason, stack });
  }
}

/** What cannot be deleted comes again, and is known. */
export async function deleteDone(
  { queues, logger }: Pick<JobMessagesParts, 'queues' | 'logger'>,
  records: readonly QueueRecord[],
): Promise<void> {
  if (records.length === 0) return;
  try {
    await queues.done(records.map(({ receiptHandle }) => receiptHandle));
  } catch (thrown) {
    const { code, message: reason, stack } = toStreamError(thrown);
    logger.log('warn', 'messages that are done could not be deleted', { code, reason, stack });
  }
}

/** Puts a message into the dead-letter queue. Who waits for its answer is told. */
export async function putAside(
  parts: Pick<JobMessagesParts, 'queues' | 'machines' | 'logger' | 'metrics'>,
  { body, group }: QueueRecord,
  message: CoordinatorMessage | undefined,
  code: string,
  reason: string,
): Promise<void> {
  const { queues, machines, logger, metrics } = parts;
  const jobId = message?.jobId ?? null;
  logger.log('error', 'a message is put aside: nobody can take it', { jobId, code, reason });
  metrics.add('PoisonMessages', 1);
  await queues.bury('jobs', body, group, `${code}: ${reason}`);
  const token = message !== undefined && 'taskToken' in message ? message.taskToken : undefined;
  if (token !== undefined) await machines.fail(token, code, reason);
}

function coordinatorKilled(jobId: string, deaths: number): StreamError {
  return new StreamError({
    kind: 'internal',
    code: 'COORDINATOR_KILLED',
    message:
      `${deaths} processes of the coordinator ended while they took a turn: look at what its log ` +
      `says last of them, and at its memory and turnTimeout; job=${jobId}`,
    details: { jobId, deaths },
  });
}
