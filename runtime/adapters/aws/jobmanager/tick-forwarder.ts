/**
 * What the `ticks` function does with a batch: FIFO queues know no delay per message, so what the
 * coordinator tells itself later waits in a standard queue, and is put into its job's when due.
 *
 * A function of its own: two queues of one function keep two of its processes warm, and a job's
 * master would go from one to the other and back with every tick.
 *
 * I1  One that is not due yet waits on; due ones, and wake-ups, go to their job's queue.
 * I2  One that nobody can take goes to the dead-letter queue with the reason, at once.
 * I3  Each is its own: one that fails comes again alone, and waits longer each time.
 */
import { type Clock, type Logger, toStreamError } from '../../../core/index.ts';
import { type QueueRecord, tellReceives } from './coordinator.ts';
import { parseCoordinatorMessage } from './coordinator-message.ts';
import type { CoordinatorQueues, MetricSink } from './effect-ports.ts';
import { pauseOf } from './outage.ts';
import { delayOf } from './turn-effects.ts';

export interface TickForwarderParts {
  readonly queues: CoordinatorQueues;
  readonly metrics: MetricSink;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class TickForwarder {
  readonly #parts: TickForwarderParts;

  constructor(parts: TickForwarderParts) {
    this.#parts = parts;
  }

  /** @returns ids of messages that have to come again. */
  async handle(records: readonly QueueRecord[]): Promise<readonly string[]> {
    tellReceives(records, this.#parts.metrics);
    const passed = await Promise.all(records.map((record) => this.#isPassedOn(record)));
    return records.filter((_, index) => passed[index] !== true).map(({ messageId }) => messageId);
  }

  /** I3. */
  async #isPassedOn(record: QueueRecord): Promise<boolean> {
    try {
      await this.#passOn(record);
      return true;
    } catch (thrown) {
      const { code, message: reason } = toStreamError(thrown);
      this.#parts.logger.log('warn', 'a tick could not be passed on', { code, reason });
      await this.#hide(record);
      return false;
    }
  }

  async #hide({ receiptHandle, receives }: QueueRecord): Promise<void> {
    try {
      await this.#parts.queues.hide('ticks', [receiptHandle], pauseOf(receives));
    } catch (thrown) {
      const { code, message: reason } = toStreamError(thrown);
      const message = 'a tick waits as long as its queue says';
      this.#parts.logger.log('warn', message, { code, reason });
    }
  }

  /** I1. */
  async #passOn({ body, messageId }: QueueRecord): Promise<void> {
    const { queues, clock } = this.#parts;
    const parsed = parseCoordinatorMessage(body);
    if (parsed.type === 'poison') return await this.#bury(body, null, parsed.reason);
    const { message } = parsed;
    const { jobId } = message;
    if (message.type === 'wake') return await queues.send(message, `wake-${jobId}-${messageId}`);
    if (message.type !== 'tick') return await this.#bury(body, jobId, 'it is no tick');
    const delayS = delayOf(message.atEpochMs, clock.nowEpochMs());
    if (delayS > 0) return await queues.tick(message, delayS);
    // Not named after its time: it may have been sent for that before, and have come too early.
    await queues.send(message, `tick-${jobId}-${messageId}`);
  }

  /** I2. */
  async #bury(body: string, jobId: string | null, reason: string): Promise<void> {
    const { queues, logger, metrics } = this.#parts;
    const code = 'MESSAGE_MALFORMED';
    logger.log('error', 'a message is put aside: nobody can take it', { jobId, code, reason });
    metrics.add('PoisonMessages', 1);
    await queues.bury('ticks', body, '', `${code}: ${reason}`);
  }
}
