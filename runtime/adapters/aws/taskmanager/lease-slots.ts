/**
 * The slots of one lease: their threads, what they say, and how they are handed over together.
 *
 * - I1: a slot's `released` is reported when everything it has sent has arrived, so that who waits
 *   for that can still be cancelled; at once when the attempt is over.
 * - I2: a hand-over begins behind the newest checkpoint that any slot can have heard of. While the
 *   slots are told so, nothing new comes through to them.
 * - I3: once it is agreed to leave, what comes is for the successor; but for a cancel, which ends
 *   slots in whatever they are doing. One that does not end then is given up with its thread.
 */
import { StreamError } from '../../../core/index.ts';
import type { SlotCommand, SlotHandOverRecord, SlotReport } from '../../../protocol/index.ts';
import { HandOverVote, type VoteOutcome } from './hand-over-vote.ts';
import type { SlotThreadMarks } from './slot-started.ts';
import type { SlotThread } from './slot-thread.ts';
import type { SlotThreadDeployment, SlotThreadWord } from './slot-thread-messages.ts';

export interface LeaseSlotsHost {
  /** To the coordinator. */
  readonly report: (slotIndex: number, report: SlotReport) => void;
  /** Logged and printed here; it goes no further. */
  readonly print: (slotIndex: number, report: SlotReport & { type: 'log' | 'print' }) => void;
  /** Lets nothing through to the slots: neither frames nor commands. */
  readonly hold: () => void;
  readonly letGo: () => void;
  /** Whether all that the slot has sent has arrived. */
  readonly hasArrived: (slotIndex: number) => boolean;
  /** Asks the receivers to say so. */
  readonly askArrived: (slotIndex: number) => void;
  /** The slot has taken its first record. */
  readonly started: (slotIndex: number, marks: SlotThreadMarks) => void;
  /** Something has changed that {@link LeaseSlots.settle} looks at. */
  readonly wake: () => void;
}

/** What of a thread concerns them. */
export type LeaseSlotThread = Pick<SlotThread, 'deploy' | 'send' | 'terminate'>;

type SlotState =
  | { readonly type: 'running' }
  /** Its `released` is held back (I1). */
  | { readonly type: 'draining' }
  | { readonly type: 'left'; readonly record: SlotHandOverRecord }
  | { readonly type: 'released' };

interface LeaseSlot {
  readonly thread: LeaseSlotThread;
  state: SlotState;
}

/** What has become of the slots. */
export type SlotsOutcome =
  | { readonly type: 'running' }
  | { readonly type: 'released' }
  /** Those that go on are left; the others are released. */
  | { readonly type: 'left'; readonly slots: readonly SlotHandOverRecord[] };

export class LeaseSlots {
  readonly #host: LeaseSlotsHost;
  readonly #slots = new Map<number, LeaseSlot>();
  readonly untaken = new Map<string, readonly Uint8Array[]>();
  /** Undefined: no hand-over has begun. */
  #vote: HandOverVote | undefined;
  readonly #notHolding = new Set<number>();
  #newestCheckpointId: number;
  #isLeaving = false;
  /** Nobody waits for anything of this attempt any more. */
  #isBroken = false;

  /** @param newestCheckpointId that the slots may have heard of from the lease before. */
  constructor(host: LeaseSlotsHost, newestCheckpointId: number) {
    this.#host = host;
    this.#newestCheckpointId = newestCheckpointId;
  }

  deploy(thread: LeaseSlotThread, deployment: SlotThreadDeployment): void {
    const { slotIndex } = deployment;
    this.#slots.set(slotIndex, { thread, state: { type: 'running' } });
    thread.deploy(
      { type: 'deploy', deployment },
      {
        onWord: (word) => this.#onWord(slotIndex, word),
        onLost: (error) => this.fail(error, [slotIndex]),
      },
    );
  }

  command(slotIndex: number, command: SlotCommand): void {
    if (command.type === 'trigger-checkpoint') this.heardOf(command.barrier.checkpointId);
    if (command.type === 'cancel') this.abandon();
    this.#slots.get(slotIndex)?.thread.send({ type: 'command', command });
  }

  /** I2. */
  heardOf(checkpointId: number): void {
    this.#newestCheckpointId = Math.max(this.#newestCheckpointId, checkpointId);
  }

  /** I2. */
  handOver(): void {
    if (this.#vote !== undefined || this.#isBroken) return;
    const running = this.#running();
    if (running.length === 0) return;
    this.#vote = new HandOverVote(running.map(([slotIndex]) => slotIndex));
    this.#host.hold();
    const from = this.#newestCheckpointId + 1;
    for (const [slotIndex, { thread }] of running) {
      this.#notHolding.add(slotIndex);
      thread.send({ type: 'hand-over', from });
    }
  }

  /** The attempt is over: nothing is waited for, and nothing is handed over. */
  abandon(): void {
    this.#isBroken = true;
    this.#host.wake();
  }

  /** These slots, or all, are gone because of an error. */
  fail(error: StreamError, slotIndexes: readonly number[] = [...this.#slots.keys()]): void {
    this.abandon();
    const record = error.toJSON();
    for (const slotIndex of slotIndexes) {
      const slot = this.#slots.get(slotIndex);
      if (slot === undefined || slot.state.type === 'released') continue;
      const task = { vertexId: '', subtaskIndex: 0 };
      this.#host.report(slotIndex, { type: 'task-failed', task, error: record });
      this.#release(slotIndex, slot);
    }
  }

  /** I3: those that were told to end have had their time. */
  endStuck(): void {
    const stuck = this.#running().map(([slotIndex]) => slotIndex);
    if (stuck.length > 0) this.fail(slotStuck(stuck), stuck);
  }

  /** Looks at what has arrived meanwhile, and says how things stand. */
  settle(): SlotsOutcome {
    for (const [slotIndex, slot] of this.#slots) {
      const { type } = slot.state;
      const isDrained = type === 'draining' && (this.#isBroken || this.#host.hasArrived(slotIndex));
      if (isDrained || (type === 'left' && this.#isBroken)) this.#release(slotIndex, slot);
    }
    const states = [...this.#slots.values()].map(({ state }) => state);
    if (states.some(({ type }) => type === 'running' || type === 'draining')) {
      return { type: 'running' };
    }
    const slots = states.flatMap((state) => (state.type === 'left' ? [state.record] : []));
    return slots.length === 0 ? { type: 'released' } : { type: 'left', slots };
  }

  /** Ends every thread, whatever it does. */
  async terminate(): Promise<void> {
    await Promise.all([...this.#slots.values()].map(({ thread }) => thread.terminate()));
  }

  #running(): readonly (readonly [number, LeaseSlot])[] {
    return [...this.#slots].filter(([, { state }]) => state.type === 'running');
  }

  #onWord(slotIndex: number, word: SlotThreadWord): void {
    switch (word.type) {
      case 'report':
        this.#onReport(slotIndex, word.report);
        break;
      case 'started':
        this.#host.started(slotIndex, word.marks);
        break;
      case 'holding':
        this.#onHolding(slotIndex);
        break;
      case 'may-leave':
        this.#carryOut(this.#vote?.mayLeave(slotIndex, word.checkpointId));
        break;
      case 'goes-on':
        this.#carryOut(this.#vote?.goesOn(word.checkpointId));
        break;
      case 'ended':
        for (const [key, frames] of word.untaken) this.untaken.set(key, frames);
        this.#onEnded(slotIndex, word.left);
        break;
    }
    this.#host.wake();
  }

  #onReport(slotIndex: number, report: SlotReport): void {
    const slot = this.#slots.get(slotIndex);
    if (slot?.state.type !== 'running') return;
    switch (report.type) {
      case 'released':
        slot.state = { type: 'draining' };
        this.#host.askArrived(slotIndex);
        this.#onHolding(slotIndex);
        this.#carryOut(this.#vote?.released(slotIndex));
        break;
      case 'print':
        this.#host.print(slotIndex, report);
        slot.thread.send({ type: 'command', command: { type: 'received', id: report.id } });
        break;
      case 'log':
        this.#host.print(slotIndex, report);
        break;
      case 'task-failed':
        this.abandon();
        this.#host.report(slotIndex, report);
        break;
      default:
        this.#host.report(slotIndex, report);
    }
  }

  #onHolding(slotIndex: number): void {
    if (this.#notHolding.delete(slotIndex) && this.#notHolding.size === 0 && !this.#isLeaving) {
      this.#host.letGo();
    }
  }

  #carryOut(outcome: VoteOutcome | undefined): void {
    if (outcome === undefined || outcome.type === 'open' || this.#isLeaving) return;
    const { type, checkpointId, slots } = outcome;
    if (type === 'leave') {
      this.#isLeaving = true;
      this.#host.hold();
    }
    const order = type === 'leave' ? 'leave-behind' : 'go-on-behind';
    for (const slotIndex of slots) {
      this.#slots.get(slotIndex)?.thread.send({ type: order, checkpointId });
    }
  }

  #onEnded(slotIndex: number, left: SlotHandOverRecord | undefined): void {
    const slot = this.#slots.get(slotIndex);
    if (slot?.state.type !== 'running') return;
    slot.state = left === undefined ? { type: 'draining' } : { type: 'left', record: left };
    this.#host.askArrived(slotIndex);
  }

  #release(slotIndex: number, slot: LeaseSlot): void {
    slot.state = { type: 'released' };
    this.#host.report(slotIndex, { type: 'released' });
    this.#host.wake();
  }
}

function slotStuck(slotIndexes: readonly number[]): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'SLOT_STUCK',
    message:
      'user code does not return, so that a slot cannot end when it is told to: its thread is ' +
      `ended with what it was doing; slots=${slotIndexes.join()}`,
    details: { slots: slotIndexes.join() },
  });
}
