/**
 * What the JobMaster says to the source of a task. Owns the words that have to wait, and what was
 * said once and for all.
 *
 * I1  What came after a trigger is handled after its snapshot, and what came while the task is held
 *     after its release; all in the order it came.
 */
import type { SlotCommand, SourceEvent, SubtaskRef } from '../protocol/index.ts';

/** Which snapshots are still to be taken, and whether the task is held. */
export interface SnapshotsAhead {
  /** Undefined: none. */
  newestWaitingId(): number | undefined;
  isWaiting(checkpointId: number): boolean;
  readonly isHeld: boolean;
}

interface DeferredWord {
  readonly event: SourceEvent | 'drain';
  /** The checkpoint whose snapshot comes first; 0: none. */
  readonly after: number;
}

/** What waits, as it was said. */
export interface DeferredCommand {
  readonly command: SlotCommand;
  /** The newest trigger that came before it; 0: none that still waits. Ascending. */
  readonly after: number;
}

export class SourceInbox {
  readonly #ahead: SnapshotsAhead;
  readonly #handle: (event: SourceEvent) => void;
  readonly #deferred: DeferredWord[] = [];
  /** The source is to end as if its input were bounded. */
  drainRequested = false;
  noMoreSplits = false;

  constructor(ahead: SnapshotsAhead, handle: (event: SourceEvent) => void) {
    this.#ahead = ahead;
    this.#handle = handle;
  }

  take(event: SourceEvent | 'drain'): void {
    const after = this.#ahead.newestWaitingId();
    const mustWait = after !== undefined || this.#ahead.isHeld || this.#deferred.length > 0;
    if (mustWait) this.#deferred.push({ event, after: after ?? 0 });
    else this.#handOn(event);
  }

  /** Handles what need not wait any more (I1). */
  handleDue(): void {
    for (;;) {
      const next = this.#deferred[0];
      if (next === undefined || this.#ahead.isHeld || this.#ahead.isWaiting(next.after)) return;
      this.#deferred.shift();
      this.#handOn(next.event);
    }
  }

  /** In the order it came. */
  waiting(task: SubtaskRef): readonly DeferredCommand[] {
    let newest = 0;
    return this.#deferred.map(({ event, after }) => {
      newest = Math.max(newest, after);
      const command: SlotCommand =
        event === 'drain' ? { type: 'drain' } : { type: 'source-event', task, event };
      return { command, after: newest };
    });
  }

  clear(): void {
    this.#deferred.length = 0;
  }

  #handOn(event: SourceEvent | 'drain'): void {
    if (event === 'drain') {
      this.drainRequested = true;
      return;
    }
    if (event.type === 'no-more-splits') this.noMoreSplits = true;
    this.#handle(event);
  }
}
