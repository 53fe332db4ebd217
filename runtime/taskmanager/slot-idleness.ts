/**
 * Whether a slot has nothing to do, for so long that its job may hibernate.
 *
 * I1  A slot is idle when nothing has come to it and nothing has run in it that matters, for the
 *     whole time; when nothing waits in it; and when nothing is due within as much time again.
 * I2  What is told is told once, and taken back as soon as something happens.
 * I3  A slot that takes another one's place goes on with its time, and takes back what that one may
 *     have told.
 */
import type { SlotHandOverRecord, SlotReport } from '../protocol/index.ts';

/** A slot at a moment at which it has nothing to do. */
export interface SlotActivity {
  /** What has come and run so far; differs as soon as something more has. */
  readonly done: readonly number[];
  /** Nothing waits: for space, for a promise, for a reader that has more. */
  readonly isQuiet: boolean;
  /** When something is due that matters; `Infinity`: never, by itself. */
  readonly dueAtEpochMs: number;
}

export interface SlotIdlenessParts {
  /** Of the two times that the slots of a job are idle before it hibernates. */
  readonly afterMs: number;
  readonly nowEpochMs: () => number;
  readonly activity: () => SlotActivity;
  readonly report: (report: Extract<SlotReport, { readonly type: 'idle' | 'busy' }>) => void;
  /** I3. Undefined: the slot takes nobody's place. */
  readonly resumed: Pick<SlotHandOverRecord, 'idle'> | undefined;
}

const CLOCK_JITTER_MS = 1000;

export class SlotIdleness {
  readonly #parts: SlotIdlenessParts;
  #done: readonly number[] = [];
  #sinceEpochMs: number | undefined;
  /** I2. What was told: when it is due. Undefined: that it is busy, or nothing. */
  #toldEpochMs: number | undefined;
  /** I3. */
  #mayBeTold: boolean;
  #lookedAtEpochMs = 0;
  #round: number;

  constructor(parts: SlotIdlenessParts) {
    this.#parts = parts;
    this.#sinceEpochMs = parts.resumed?.idle?.sinceEpochMs;
    this.#round = parts.resumed?.idle?.round ?? 0;
    this.#mayBeTold = parts.resumed !== undefined;
  }

  /** For the slot that takes this one's place. */
  get left(): NonNullable<SlotHandOverRecord['idle']> {
    const sinceEpochMs = this.#sinceEpochMs;
    return { round: this.#round, ...(sinceEpochMs === undefined ? {} : { sinceEpochMs }) };
  }

  /** I4. */
  rouse(round: number): void {
    this.#round = round;
    this.#sinceEpochMs = undefined;
    this.#toldEpochMs = undefined;
    this.#mayBeTold = false;
  }

  /** When to look again, even if nothing happens. */
  get lookAtEpochMs(): number | undefined {
    if (this.#sinceEpochMs === undefined || this.#toldEpochMs !== undefined) return undefined;
    const atEpochMs = this.#sinceEpochMs + this.#parts.afterMs;
    return atEpochMs > this.#lookedAtEpochMs ? atEpochMs : undefined;
  }

  /** Before the first turn. */
  begin(): void {
    if (this.#done.length === 0) this.#done = this.#parts.activity().done;
  }

  /** After a turn. @param hasWorked it has done something, of whatever kind. */
  look(hasWorked: boolean): void {
    if (hasWorked && !this.#mayBeTold && this.#toldEpochMs === undefined) return;
    const { afterMs, nowEpochMs, activity } = this.#parts;
    const now = nowEpochMs();
    this.#lookedAtEpochMs = now;
    const { done, isQuiet, dueAtEpochMs } = activity();
    const isSame = isSameList(done, this.#done);
    this.#done = done;
    if (!isSame) {
      this.#sinceEpochMs = undefined;
      this.#takeBack();
    }
    this.#sinceEpochMs ??= now;
    // As a snapshot does, which is nothing that has come.
    if (!isQuiet) return;
    // I1.
    const isIdle = now - this.#sinceEpochMs >= afterMs && dueAtEpochMs - now >= afterMs;
    if (isIdle && !isAlike(dueAtEpochMs, this.#toldEpochMs)) this.#tell(dueAtEpochMs);
  }

  #tell(dueAtEpochMs: number): void {
    this.#toldEpochMs = dueAtEpochMs;
    this.#mayBeTold = true;
    const isKnown = Number.isFinite(dueAtEpochMs);
    const round = this.#round;
    this.#parts.report({
      type: 'idle',
      round,
      ...(isKnown ? { wakeAtEpochMs: dueAtEpochMs } : {}),
    });
  }

  /** I2. */
  #takeBack(): void {
    if (this.#mayBeTold) this.#parts.report({ type: 'busy' });
    this.#mayBeTold = false;
    this.#toldEpochMs = undefined;
  }
}

/** Who reckons a time from two clocks does not say the same twice. */
function isAlike(epochMs: number, toldEpochMs: number | undefined): boolean {
  return epochMs === toldEpochMs || Math.abs(epochMs - (toldEpochMs ?? 0)) <= CLOCK_JITTER_MS;
}

function isSameList(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}
