/**
 * The slots of a job whose master works in turns: launches and commands are noted, and sent when
 * the turn is written; reports come as messages.
 *
 * I1  Commands to a slot are numbered within its attempt, across turns; so are its reports, each of
 *     which counts once.
 * I2  An attempt that nobody was told to run yet is taken back when it is cancelled: its slots are
 *     released, since they never began.
 */
import { assert } from '../core/index.ts';
import type { SlotCommand, SlotReport } from '../protocol/index.ts';
import type { AttachingLauncher, RegionLaunch, SlotEvents, SlotHandle } from './slot-launcher.ts';
import type { AttemptRecord, TurnEffect } from './turn-messages.ts';

/** What is known of a slot between turns. */
export interface TurnSlot {
  readonly slotIndex: number;
  readonly attempt: number;
  readonly nextCommand: number;
  readonly nextReport: number;
  /** It has said that it has ended, or is lost. */
  readonly isGone?: true;
}

/** Between turns. Plain JSON. */
export interface TurnSlotsRecord {
  readonly slots: readonly TurnSlot[];
  /** Slots were given up that are not gone; until the next attempt is run. */
  readonly isBlocked?: true;
  /** An attempt to be run that nobody was told to run yet. */
  readonly waiting?: AttemptRecord;
}

interface LiveSlot {
  readonly attempt: number;
  nextCommand: number;
  nextReport: number;
  isGone: boolean;
  events: SlotEvents | undefined;
}

export class TurnSlots implements AttachingLauncher {
  readonly #slots = new Map<number, LiveSlot>();
  readonly #commands: TurnEffect[] = [];
  /** What is to be told once nobody is in the middle of something. */
  readonly #later: (() => void)[] = [];
  #waiting: AttemptRecord | undefined;
  #isBlocked: boolean;

  constructor(record: TurnSlotsRecord | undefined) {
    this.#waiting = record?.waiting;
    this.#isBlocked = record?.isBlocked === true;
    for (const { slotIndex, isGone, ...slot } of record?.slots ?? []) {
      this.#slots.set(slotIndex, { ...slot, isGone: isGone === true, events: undefined });
    }
  }

  get record(): TurnSlotsRecord {
    const slots = [...this.#slots].map(
      ([slotIndex, { attempt, nextCommand, nextReport, isGone }]): TurnSlot => ({
        ...{ slotIndex, attempt, nextCommand, nextReport },
        ...(isGone ? { isGone } : {}),
      }),
    );
    return {
      slots,
      ...(this.#isBlocked ? { isBlocked: true } : {}),
      ...(this.#waiting === undefined ? {} : { waiting: this.#waiting }),
    };
  }

  get waiting(): AttemptRecord | undefined {
    return this.#waiting;
  }

  /** What runs slots that were given up has not ended, as far as anybody knows. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Commands of this turn, in their order. */
  get effects(): readonly TurnEffect[] {
    return this.#commands;
  }

  /** Somebody is told to run it. */
  takeWaiting(): void {
    this.#waiting = undefined;
    this.#isBlocked = false;
  }

  launch(region: RegionLaunch): readonly SlotHandle[] {
    const { attempt, overrides, executionGraph, restoredFrom } = region;
    assert(this.#waiting === undefined, 'a job that works in turns has one region');
    const slotIndexes = region.slots.map(({ slotIndex }) => slotIndex);
    const graphHash = executionGraph.jobGraph.hash;
    this.#waiting = {
      ...{ attempt, overrides, graphHash, slotIndexes },
      ...(restoredFrom === undefined ? {} : { restoredFrom }),
    };
    this.#slots.clear();
    return region.slots.map(({ slotIndex, events }) => {
      this.#slots.set(slotIndex, { attempt, nextCommand: 0, nextReport: 0, isGone: false, events });
      return this.#handle(slotIndex, attempt);
    });
  }

  attach(region: RegionLaunch): readonly SlotHandle[] {
    return region.slots.map(({ slotIndex, events }) => {
      const slot = this.#slots.get(slotIndex);
      if (slot?.attempt === region.attempt) slot.events = events;
      return this.#handle(slotIndex, region.attempt);
    });
  }

  /** I1. False: some reports before these are missing. */
  report(from: {
    readonly slotIndex: number;
    readonly attempt: number;
    readonly sequence: number;
    readonly reports: readonly SlotReport[];
  }): boolean {
    const slot = this.#slots.get(from.slotIndex);
    if (slot === undefined || slot.attempt !== from.attempt) return true;
    if (from.sequence > slot.nextReport) return false;
    for (const report of from.reports.slice(slot.nextReport - from.sequence)) {
      slot.nextReport += 1;
      if (report.type === 'released') slot.isGone = true;
      slot.events?.onReport(report);
    }
    return true;
  }

  lost(slotIndex: number, attempt: number, error: Error): void {
    const slot = this.#slots.get(slotIndex);
    if (slot?.attempt !== attempt) return;
    slot.isGone = true;
    slot.events?.onLost(error);
  }

  /** Nothing runs any more of what somebody was told to run. */
  allLost(errorOf: (slotIndex: number, attempt: number) => Error): void {
    for (const [slotIndex, { attempt }] of [...this.#slots]) {
      if (this.#waiting?.attempt === attempt) continue;
      this.lost(slotIndex, attempt, errorOf(slotIndex, attempt));
    }
  }

  /** Nobody is in charge of them any more: those that somebody was told to run are to end. */
  cancelAll(): void {
    const isWaiting = this.#waiting !== undefined;
    this.#waiting = undefined;
    // Nobody was told to run these.
    if (isWaiting) return;
    for (const [slotIndex, { attempt }] of this.#slots) {
      this.#send(slotIndex, attempt, { type: 'cancel' });
    }
  }

  /** Tells what had to wait; true when there was something. */
  tellLater(): boolean {
    const later = this.#later.splice(0);
    for (const tell of later) tell();
    return later.length > 0;
  }

  #handle(slotIndex: number, attempt: number): SlotHandle {
    return {
      send: (command) => this.#send(slotIndex, attempt, command),
      terminate: async () => this.#giveUp(slotIndex, attempt),
    };
  }

  #send(slotIndex: number, attempt: number, command: SlotCommand): void {
    const slot = this.#slots.get(slotIndex);
    if (slot?.attempt !== attempt) return;
    if (this.#waiting?.attempt === attempt) {
      if (command.type === 'cancel') this.#takeBack();
      return;
    }
    const sequence = slot.nextCommand;
    slot.nextCommand += 1;
    this.#commands.push({ type: 'command', slotIndex, attempt, sequence, command });
  }

  /** Nobody can end an invocation: that of an older attempt is fenced. */
  #giveUp(slotIndex: number, attempt: number): void {
    const slot = this.#slots.get(slotIndex);
    const isRun = slot?.attempt === attempt && this.#waiting?.attempt !== attempt;
    if (isRun && !slot.isGone) this.#isBlocked = true;
  }

  /** I2. */
  #takeBack(): void {
    this.#waiting = undefined;
    for (const { events } of this.#slots.values()) {
      this.#later.push(() => events?.onReport({ type: 'released' }));
    }
    this.#slots.clear();
  }
}
