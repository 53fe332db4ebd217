/**
 * TaskManagers of a job whose master works in turns: started by a request of the state machine,
 * heard by way of the job's queue.
 *
 * I1  Reports of a slot are sent one batch after the other, each until it has arrived.
 */
import { isStreamError } from '../core/index.ts';
import type { TurnMessage } from '../jobmaster/index.ts';
import type { LinkPosition, SlotReport } from '../protocol/index.ts';
import { LeasedSlot, type LeasedSlotParts, type ReportsEnd } from './sim-leased-slot.ts';
import type { SimProcess } from './sim-process.ts';
import type { LaunchRequest } from './sim-slot-host.ts';
import type { LeaseOutcome, LeaseRequest } from './sim-state-machine.ts';

const RETRY_MS = 5;
const MAX_REPORTS = 10;

export interface TurnSlotHostParts {
  readonly leased: LeasedSlotParts;
  /** What the request's attempt starts from; its first lease needs it. */
  readonly launchOf: (request: LeaseRequest) => Promise<LaunchRequest>;
}

export class SimTurnSlotHost {
  readonly #parts: TurnSlotHostParts;

  constructor(parts: TurnSlotHostParts) {
    this.#parts = parts;
  }

  get host(): SimProcess {
    return this.#parts.leased.host;
  }

  invoke(request: LeaseRequest, settled: (outcome: LeaseOutcome) => void): void {
    const { host } = this;
    host.onDeath(() => settled('failed'));
    host.enter(() => {
      const tell = (outcome: LeaseOutcome): void => host.effect(() => settled(outcome));
      this.#run(request).then(tell, (thrown: unknown) => {
        host.world.trace(`${host.name} fails ${JSON.stringify(request)}: ${String(thrown)}`);
        tell('failed');
      });
    });
  }

  async #run(request: LeaseRequest): Promise<LeaseOutcome> {
    const { leased, launchOf } = this.#parts;
    const launch = await retried(this.host, () => launchOf(request));
    return await new LeasedSlot(leased, launch).outcome;
  }
}

/** What a slot tells, on its way to the queue of its job. */
export class SimReportSender implements ReportsEnd {
  readonly #host: SimProcess;
  readonly #request: LaunchRequest;
  readonly #send: (message: TurnMessage) => Promise<void>;
  readonly #waiting: SlotReport[] = [];
  #sequence: number;
  #isSending = false;
  #isClosed = false;

  constructor(
    host: SimProcess,
    request: LaunchRequest,
    resume: LinkPosition | undefined,
    send: (message: TurnMessage) => Promise<void>,
  ) {
    this.#host = host;
    this.#request = request;
    this.#send = send;
    this.#sequence = resume?.nextSequence ?? 0;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  get position(): LinkPosition {
    return { nextSequence: this.#sequence + this.#waiting.length, limitSequence: 0 };
  }

  offer(report: SlotReport): void {
    this.#waiting.push(report);
    if (!this.#isSending) this.#sendAll().catch(() => undefined);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** I1. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    const { attempt, lease, slotIndex } = this.#request;
    // What is said at one moment goes together.
    await pause(this.#host, 0);
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const reports = this.#waiting.slice(0, MAX_REPORTS);
      const sequence = this.#sequence;
      const message = { type: 'reports', attempt, lease, slotIndex, sequence, reports } as const;
      await retried(this.#host, () => this.#send(message));
      this.#sequence += reports.length;
      this.#waiting.splice(0, reports.length);
    }
    this.#isSending = false;
  }
}

/** Who does not answer is asked again. */
export async function retried<T>(host: SimProcess, act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.kind !== 'unavailable') throw thrown;
    }
    await pause(host, RETRY_MS);
  }
}

function pause(host: SimProcess, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    host.timers.schedule(delayMs, resolve);
  });
}
