/**
 * Everything of a lease that goes through queues: the inbox and the outboxes, the channels over
 * them, commands and reports.
 *
 * I1  Closed, nothing is under way, and there are no timers.
 * I2  When it is left, all that was sent has arrived, and what had come and was not taken is in the
 *     inbox again, before the caller goes on.
 */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { BlobStore } from '../../../checkpoint/index.ts';
import {
  type Clock,
  isStreamError,
  type Logger,
  StreamError,
  type Timers,
} from '../../../core/index.ts';
import type { ExecutionGraph } from '../../../graph/index.ts';
import type { LeaveRecord, SlotCommand, SlotReport } from '../../../protocol/index.ts';
import { DoorbellThread, type RingMemory } from '../../local/index.ts';
import type { AwsCalls } from '../aws-calls.ts';
import type { InboxItem, PackingSettings } from '../inbox/index.ts';
import { SqsInbox, type SqsInboxSettings, SqsOutbox, SqsQueues } from '../inbox/index.ts';
import type { LeaseRequest } from '../messages.ts';
import { AwsExchange } from './aws-exchange.ts';
import { planChannels } from './channel-plan.ts';
import { CommandLinks } from './command-links.ts';
import type { LeaseSlotsHost } from './lease-slots.ts';
import { ReportSender, reportDelayMs } from './report-sender.ts';

export interface LeaseNetworkSettings {
  readonly packing: PackingSettings;
  readonly inbox: SqsInboxSettings;
  /** Messages to one inbox that are under way. */
  readonly maxInFlight: number;
  readonly reportLingerMs: number;
  readonly metricsLingerMs: number;
}

export interface LeaseNetworkParts {
  readonly sqs: SQSClient;
  readonly calls: AwsCalls;
  readonly settings: LeaseNetworkSettings;
  readonly inboxUrlOf: (jobId: string, taskManager: number) => string;
  readonly deadLetterUrl: string;
  readonly coordinatorQueueUrl: string;
  readonly blobs: BlobStore;
  /** Takes what is too large for a queue, `<directory>/<jobId>/…`. */
  readonly framesDirectory: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly request: LeaseRequest;
  readonly executionGraph: ExecutionGraph;
  readonly slotsPerTaskManager: number;
  /** Also those that were released in an earlier lease: their channels are still here. */
  readonly slotIndexes: readonly number[];
  /** By the lease before. */
  readonly left: LeaveRecord | undefined;
  readonly onFirstFrame: () => void;
  readonly onBarrier: (checkpointId: number) => void;
  readonly onCommand: (slotIndex: number, command: SlotCommand) => void;
  /** A cancel has come that is held back. */
  readonly onCancelHeld: (slotIndex: number) => void;
  /** The lease cannot go on. */
  readonly onFailed: (thrown: unknown) => void;
}

/** What it may take to end a poll. */
const POLL_GRACE_MS = 2_000;

export class LeaseNetwork {
  readonly #parts: LeaseNetworkParts;
  readonly #exchange: AwsExchange;
  readonly #commands: CommandLinks;
  readonly #reports: ReportSender;
  readonly #outbox: SqsOutbox;
  readonly #inbox: SqsInbox;
  readonly #thread: DoorbellThread;
  #hasReceived = false;
  #isClosed = false;

  constructor(parts: LeaseNetworkParts) {
    this.#parts = parts;
    const { request, clock, timers, left, slotIndexes, settings, onFailed } = parts;
    const { links = {}, innerFrames = {} } = left ?? {};
    const { jobId: job, attempt, lease, taskManager } = request;
    const identity = { job, attempt, lease };
    this.#outbox = this.#createOutbox();
    this.#exchange = new AwsExchange({
      ...{ identity, links, innerFrames, slotIndexes, clock, onBarrier: parts.onBarrier },
      plan: planChannels(parts.executionGraph, taskManager, parts.slotsPerTaskManager),
      offer: (peer, item) => this.#outbox.offer(peer, item),
    });
    this.#commands = new CommandLinks({
      ...{ identity, links, slotIndexes },
      onCommand: parts.onCommand,
      onCancelHeld: parts.onCancelHeld,
    });
    this.#reports = new ReportSender({
      ...{ sqs: parts.sqs, calls: parts.calls, queueUrl: parts.coordinatorQueueUrl },
      ...{ request, links, clock, timers, onFailed },
      lingerMs: reportDelayMs(settings.reportLingerMs, taskManager),
      metricsLingerMs: settings.metricsLingerMs,
    });
    this.#inbox = this.#createInbox();
    this.#thread = new DoorbellThread(this.#exchange.doorbell, clock);
    this.#thread.arm();
  }

  get rings(): RingMemory {
    return this.#exchange.rings;
  }

  /** What the slots of the lease need of it. */
  get slotsHost(): Omit<LeaseSlotsHost, 'started'> {
    return {
      report: (slotIndex, report) => this.#report(slotIndex, report),
      print: (slotIndex, report) => this.#print(slotIndex, report),
      hold: () => {
        this.#exchange.hold();
        this.#commands.hold();
      },
      letGo: () => {
        this.#exchange.letGo();
        this.#commands.letGo();
        this.#thread.wake();
      },
      hasArrived: (slotIndex) => this.hasArrived(slotIndex),
      askArrived: (slotIndex) => {
        this.#exchange.pump();
        this.#exchange.probe(slotIndex);
      },
      wake: () => this.#thread.wake(),
    };
  }

  start(): void {
    this.#inbox.start();
  }

  /** Everything sent has arrived: of one slot, or of all. */
  hasArrived(slotIndex?: number): boolean {
    return this.#exchange.isIdle(slotIndex);
  }

  /** Moves what can be moved; settles when there may be more to do. */
  async turn(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#isClosed) throw new Error('I1: closed');
    this.#thread.arm();
    if (this.#exchange.pump()) return await this.#thread.breathe();
    const nextMs = this.#exchange.nextTimerAtMs();
    const offsetMs = clock.nowEpochMs() - clock.monotonicMs();
    await this.#thread.sleep(nextMs === undefined ? undefined : nextMs + offsetMs);
  }

  /** Says what is still to be said; nothing comes any more. */
  async finish(): Promise<void> {
    await Promise.all([this.#reports.flush(), this.#inbox.stop(POLL_GRACE_MS)]);
    // Who waits for it could wait for ever.
    this.#exchange.acknowledgeAll();
    await this.#outbox.flush();
  }

  /** I2. @param untaken as `AwsExchange.leave`. */
  async leave(
    untaken: ReadonlyMap<string, readonly Uint8Array[]>,
  ): Promise<Pick<LeaveRecord, 'links' | 'innerFrames'>> {
    const { request, left } = this.#parts;
    await this.finish();
    const channels = this.#exchange.leave(untaken);
    const commands = this.#commands.leave();
    for (const item of [...channels.items, ...commands.items]) {
      this.#outbox.offer(request.taskManager, item);
    }
    await this.#outbox.flush();
    const reports = this.#reports.positions;
    const links = { ...left?.links, ...channels.links, ...commands.links, ...reports };
    return { links, innerFrames: channels.innerFrames };
  }

  /** I1. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.all([this.#inbox.stop(0), this.#outbox.close(), this.#reports.close()]);
    // Lets go of who sleeps, and of what it waits for.
    this.#exchange.doorbell.ring();
    this.#thread.wake();
  }

  #createOutbox(): SqsOutbox {
    const { sqs, calls, blobs, clock, timers, request, settings, onFailed } = this.#parts;
    const { jobId, attempt, lease, taskManager } = request;
    const directory = `${this.#parts.framesDirectory}/${jobId}`;
    let claims = 0;
    return new SqsOutbox({
      ...{ queues: new SqsQueues({ sqs, calls }), blobs, clock, timers, onFailed },
      address: { jobId, attempt },
      inboxUrlOf: (peer) => this.#parts.inboxUrlOf(jobId, peer),
      nextClaimLocation: () => `${directory}/${attempt}.${lease}.${taskManager}-${claims++}`,
      packing: settings.packing,
      maxInFlight: settings.maxInFlight,
    });
  }

  #createInbox(): SqsInbox {
    const { sqs, calls, blobs, timers, logger, request, settings, onFailed } = this.#parts;
    const { jobId, attempt, taskManager } = request;
    return new SqsInbox({
      ...{ queues: new SqsQueues({ sqs, calls }), blobs, timers, logger, onFailed },
      queueUrl: this.#parts.inboxUrlOf(jobId, taskManager),
      deadLetterUrl: this.#parts.deadLetterUrl,
      address: { jobId, attempt },
      settings: settings.inbox,
      take: (item) => this.#take(item),
      onTaken: () => this.#thread.wake(),
      onFenced: () => onFailed(fenced(request)),
    });
  }

  #take(item: InboxItem): string | undefined {
    if (item.type === 'command') return this.#commands.take(item);
    if (item.type === 'frame' && !this.#hasReceived) {
      this.#hasReceived = true;
      this.#parts.onFirstFrame();
    }
    return this.#exchange.take(item);
  }

  #report(slotIndex: number, report: SlotReport): void {
    if (report.type === 'task-failed') {
      const { code, message, kind, stack } = report.error;
      this.#parts.logger.log('error', message, { slot: slotIndex, code, kind, stack });
    }
    try {
      this.#reports.report(slotIndex, report);
    } catch (thrown) {
      if (!isStreamError(thrown)) throw thrown;
      const error = thrown.toJSON();
      if (report.type !== 'checkpoint-ack') {
        const task = { vertexId: '', subtaskIndex: 0 };
        this.#reports.report(slotIndex, { type: 'task-failed', task, error });
        return;
      }
      const { checkpointId, state } = report;
      const task = { vertexId: state.vertexId, subtaskIndex: state.subtaskIndex };
      this.#reports.report(slotIndex, { type: 'checkpoint-declined', checkpointId, task, error });
    }
  }

  #print(slotIndex: number, report: SlotReport & { type: 'log' | 'print' }): void {
    const { logger } = this.#parts;
    if (report.type === 'print') logger.log('info', report.text, { slot: slotIndex, print: true });
    else logger.log(report.level, report.message, { slot: slotIndex, ...report.fields });
  }
}

function fenced({ jobId, attempt, lease, taskManager }: LeaseRequest): StreamError {
  return new StreamError({
    kind: 'fenced',
    code: 'LEASE_FENCED',
    message: `a newer attempt of the job runs: taskManager=${taskManager} attempt=${attempt} lease=${lease}`,
    details: { jobId, attempt, lease, taskManager },
  });
}
