/**
 * How the slots of one lease agree to leave behind one checkpoint. Pure.
 *
 * I1  They leave when every slot that still runs may leave behind the same checkpoint.
 * I2  One that cannot makes all that wait for it go on, behind this checkpoint.
 */
export type VoteOutcome =
  | { readonly type: 'open' }
  | { readonly type: 'leave'; readonly checkpointId: number; readonly slots: readonly number[] }
  | { readonly type: 'go-on'; readonly checkpointId: number; readonly slots: readonly number[] };

export class HandOverVote {
  /** Slots that run, and behind which checkpoint each may leave. */
  readonly #votes: Map<number, number | undefined>;
  readonly #refused = new Set<number>();

  constructor(slotIndexes: readonly number[]) {
    this.#votes = new Map(slotIndexes.map((slotIndex) => [slotIndex, undefined]));
  }

  mayLeave(slotIndex: number, checkpointId: number): VoteOutcome {
    if (!this.#votes.has(slotIndex)) return { type: 'open' };
    // I2: whoever asks after another one has refused.
    if (this.#refused.has(checkpointId)) return this.#goOn(checkpointId, [slotIndex]);
    this.#votes.set(slotIndex, checkpointId);
    return this.#outcome();
  }

  goesOn(checkpointId: number): VoteOutcome {
    this.#refused.add(checkpointId);
    const waiting = [...this.#votes].filter(([, vote]) => vote === checkpointId);
    return this.#goOn(
      checkpointId,
      waiting.map(([slotIndex]) => slotIndex),
    );
  }

  /** The slot was released: nothing of it is left to hand over. */
  released(slotIndex: number): VoteOutcome {
    this.#votes.delete(slotIndex);
    return this.#outcome();
  }

  #goOn(checkpointId: number, slots: readonly number[]): VoteOutcome {
    for (const slotIndex of slots) this.#votes.set(slotIndex, undefined);
    return { type: 'go-on', checkpointId, slots };
  }

  #outcome(): VoteOutcome {
    const [first, ...others] = this.#votes.values();
    const isAgreed = first !== undefined && others.every((vote) => vote === first);
    if (!isAgreed) return { type: 'open' };
    return { type: 'leave', checkpointId: first, slots: [...this.#votes.keys()] };
  }
}
