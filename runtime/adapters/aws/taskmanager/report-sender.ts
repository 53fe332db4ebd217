/**
 * Reports of a TaskManager's slots to the coordinator: in order, several in a message, the slots'
 * messages in one call.
 *
 * - I1: one call is under way at a time, with one message a slot at most, so that a slot's reports
 *   arrive in order; its sequence numbers tell when they come twice.
 * - I2: metrics wait for other reports to go with, up to `metricsLingerMs`; later replace earlier.
 *     They go before the others: behind the slot's release nobody would hear them.
 */
import {
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { type Clock, StreamError, type Timers } from '../../../core/index.ts';
import type { LinkPosition, SlotReport } from '../../../protocol/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import { queueFailure } from '../inbox/index.ts';
import type { CoordinatorMessage, LeaseRequest } from '../messages.ts';
import { sqsJson } from '../sqs-json.ts';

export interface ReportSenderParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
  readonly queueUrl: string;
  readonly request: LeaseRequest;
  /** Of the lease before, by {@link reportsName}. */
  readonly links: Readonly<Record<string, LinkPosition>>;
  readonly lingerMs: number;
  readonly metricsLingerMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onFailed: (thrown: unknown) => void;
}

/** As a leave record names the reports of a slot. */
export function reportsName(slotIndex: number): string {
  return `reports/${slotIndex}`;
}

/** A job's queue takes 300 calls a second. */
const CALLS_PER_S = 200;

/**
 * How long a TaskManager's reports wait for others: those of a large job do not all come at once.
 * The coordinator, which takes ten messages a turn, is no earlier done with them if they did.
 */
export function reportDelayMs(lingerMs: number, taskManager: number): number {
  return lingerMs + (taskManager * 1_000) / CALLS_PER_S;
}

interface SlotReports {
  readonly slotIndex: number;
  /** Of the first that waits. */
  sequence: number;
  readonly waiting: string[];
  metrics: string | undefined;
}

/** Well below the limit of a message, which a call with ten of them shares. */
const MAX_MESSAGE_BYTES = 96 * 1024;
/** What one report may be: a call takes 1 MiB. */
const MAX_REPORT_BYTES = 900 * 1024;
const MAX_CALL_BYTES = 1024 * 1024;
const MESSAGES_A_CALL = 10;

export class ReportSender {
  readonly #parts: ReportSenderParts;
  readonly #slots = new Map<number, SlotReports>();
  #sending: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(parts: ReportSenderParts) {
    this.#parts = parts;
  }

  /** @throws {StreamError} `REPORT_TOO_LARGE` */
  report(slotIndex: number, report: SlotReport): void {
    const text = sqsJson(report);
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > MAX_REPORT_BYTES) throw tooLarge(slotIndex, report.type, sizeBytes);
    const slot = this.#slotOf(slotIndex);
    const { lingerMs, metricsLingerMs } = this.#parts;
    if (report.type === 'metrics') {
      slot.metrics = text;
      this.#wakeAfter(metricsLingerMs);
    } else {
      slot.waiting.push(text);
      this.#wakeAfter(lingerMs);
    }
  }

  /** Sends all that waits; settles when it has arrived. */
  async flush(): Promise<void> {
    while (this.#hasWaiting() || this.#sending !== undefined) {
      this.#send();
      await this.#sending;
    }
  }

  /** By {@link reportsName}; after `flush`. */
  get positions(): Readonly<Record<string, LinkPosition>> {
    return Object.fromEntries(
      [...this.#slots.values()].map(({ slotIndex, sequence }) => [
        reportsName(slotIndex),
        { nextSequence: sequence, limitSequence: 0 },
      ]),
    );
  }

  /** Drops what waits. Settles when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#sending;
  }

  #slotOf(slotIndex: number): SlotReports {
    let slot = this.#slots.get(slotIndex);
    if (slot === undefined) {
      const sequence = this.#parts.links[reportsName(slotIndex)]?.nextSequence ?? 0;
      slot = { slotIndex, sequence, waiting: [], metrics: undefined };
      this.#slots.set(slotIndex, slot);
    }
    return slot;
  }

  #wakeAfter(delayMs: number): void {
    const { clock, timers } = this.#parts;
    const atMs = clock.monotonicMs() + delayMs;
    if (this.#isClosed || atMs >= this.#dueAtMs) return;
    this.#cancelTimer?.();
    this.#dueAtMs = atMs;
    this.#cancelTimer = timers.schedule(delayMs, () => this.#send());
  }

  #hasWaiting(): boolean {
    const slots = [...this.#slots.values()];
    return (
      !this.#isClosed && slots.some((slot) => slot.waiting.length > 0 || slot.metrics !== undefined)
    );
  }

  /** I1. */
  #send(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    if (this.#sending !== undefined || !this.#hasWaiting()) return;
    this.#sending = this.#sendBatch()
      .catch(this.#parts.onFailed)
      .then(() => {
        this.#sending = undefined;
        if (this.#hasWaiting()) this.#wakeAfter(0);
      });
  }

  async #sendBatch(): Promise<void> {
    const { sqs, calls, queueUrl } = this.#parts;
    let left: SendMessageBatchRequestEntry[] = this.#takeEntries();
    try {
      await calls.call({ permission: 'sqs:SendMessage' }, async ({ options }) => {
        const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: left });
        const { Failed = [] } = await sqs.send(command, options);
        const failed = new Set(Failed.map(({ Id }) => Id));
        left = left.filter(({ Id }) => failed.has(Id));
        const [first] = Failed;
        if (first === undefined) return;
        const name = first.SenderFault === true ? (first.Code ?? 'Refused') : 'ThrottlingError';
        throw Object.assign(new Error(first.Message ?? 'not all were taken'), { name });
      });
    } catch (thrown) {
      throw queueFailure('REPORTS_NOT_SENT', 'reports cannot be sent', queueUrl, thrown);
    }
  }

  #takeEntries(): SendMessageBatchRequestEntry[] {
    const { jobId, attempt, lease } = this.#parts.request;
    const entries: SendMessageBatchRequestEntry[] = [];
    let callBytes = 0;
    for (const slot of this.#slots.values()) {
      const { reports, sizeBytes } = takeReports(slot);
      if (reports.length === 0) continue;
      const { slotIndex, sequence } = slot;
      if (entries.length === MESSAGES_A_CALL || callBytes + sizeBytes > MAX_CALL_BYTES) break;
      callBytes += sizeBytes;
      slot.sequence += reports.length;
      slot.waiting.splice(0, reports.length);
      type Message = Extract<CoordinatorMessage, { readonly type: 'reports' }>;
      const message: Omit<Message, 'reports'> = {
        ...{ type: 'reports', jobId, attempt, lease, slotIndex, sequence },
      };
      entries.push({
        Id: String(slotIndex),
        MessageBody: `${JSON.stringify(message).slice(0, -1)},"reports":[${reports.join(',')}]}`,
        MessageGroupId: jobId,
        MessageDeduplicationId: `${jobId}-${attempt}-${lease}-${slotIndex}-${sequence}`,
      });
    }
    return entries;
  }
}

/** The first that fit into a message. I2: metrics come first. */
function takeReports(slot: SlotReports): {
  readonly reports: readonly string[];
  readonly sizeBytes: number;
} {
  if (slot.metrics !== undefined) slot.waiting.unshift(slot.metrics);
  slot.metrics = undefined;
  let sizeBytes = 256;
  let count = 0;
  for (const text of slot.waiting) {
    const textBytes = Buffer.byteLength(text) + 1;
    if (count > 0 && sizeBytes + textBytes > MAX_MESSAGE_BYTES) break;
    sizeBytes += textBytes;
    count += 1;
  }
  return { reports: slot.waiting.slice(0, count), sizeBytes };
}

function tooLarge(slotIndex: number, type: string, sizeBytes: number): StreamError {
  const details = { slotIndex, type, sizeBytes, maxBytes: MAX_REPORT_BYTES };
  return new StreamError({
    kind: 'user',
    code: 'REPORT_TOO_LARGE',
    message:
      'what a slot says to the coordinator does not fit into a message: collect less, or lower ' +
      `the number of operators in a slot; slot=${slotIndex} type=${type} ` +
      `sizeBytes=${sizeBytes} maxBytes=${MAX_REPORT_BYTES}`,
    details,
  });
}
