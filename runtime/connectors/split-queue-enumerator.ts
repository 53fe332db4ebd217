/**
 * The enumerator of sources whose splits are known at the start: hands them out in order, one a
 * request.
 *
 * Owns the splits nobody reads yet. Crosses: readers ask, the coordinator gives splits back.
 *
 * I1  A split is in the queue or with one reader, never both.
 * I2  A request that comes before `start` has found the splits is answered when it has.
 * I3  A reader is told that there are no more splits only while the queue is empty.
 */
import { assert } from '../core/index.ts';
import type { EnumeratorContext, SplitEnumerator } from './source.ts';

/** What a checkpoint keeps of a {@link SplitQueueEnumerator}. JSON. */
export interface SplitQueueState<SplitT> {
  readonly unassigned: readonly SplitT[];
  /** As `totalProgress` says; null: unknown. */
  readonly totalProgress: number | null;
}

export interface SplitQueueInit<SplitT> {
  readonly ctx: EnumeratorContext<SplitT>;
  /** Finds the splits in the order they are to be read; not called when restored from a state. */
  readonly find: () => readonly SplitT[] | Promise<readonly SplitT[]>;
  /** A split's share of the total progress; undefined: the total is not known. */
  readonly progressOf?: (split: SplitT) => number;
  readonly state?: SplitQueueState<SplitT> | undefined;
}

export class SplitQueueEnumerator<SplitT>
  implements SplitEnumerator<SplitT, SplitQueueState<SplitT>>
{
  readonly #init: SplitQueueInit<SplitT>;
  readonly #asking = new Set<number>();
  #unassigned: SplitT[] | undefined;
  #totalProgress: number | undefined;
  #closed = false;

  constructor(init: SplitQueueInit<SplitT>) {
    this.#init = init;
    if (init.state === undefined) return;
    this.#unassigned = [...init.state.unassigned];
    this.#totalProgress = init.state.totalProgress ?? undefined;
  }

  async start(): Promise<void> {
    const { find, progressOf } = this.#init;
    if (this.#unassigned === undefined) {
      this.#unassigned = [...(await find())];
      if (progressOf !== undefined) {
        this.#totalProgress = this.#unassigned.reduce((sum, split) => sum + progressOf(split), 0);
      }
    }
    for (const subtaskIndex of this.#asking) this.#answer(subtaskIndex);
    this.#asking.clear();
  }

  addReader(): void {}

  handleSplitRequest(subtaskIndex: number): void {
    if (this.#unassigned === undefined) this.#asking.add(subtaskIndex);
    else this.#answer(subtaskIndex);
  }

  addSplitsBack(splits: readonly SplitT[]): void {
    assert(this.#unassigned !== undefined, 'I1: splits come back only after they were assigned');
    this.#unassigned.unshift(...splits);
  }

  snapshotState(): SplitQueueState<SplitT> {
    assert(this.#unassigned !== undefined, 'I2: a snapshot is taken after start');
    return {
      unassigned: [...this.#unassigned],
      totalProgress: this.#totalProgress ?? null,
    };
  }

  totalProgress(): number | undefined {
    return this.#totalProgress;
  }

  close(): void {
    this.#closed = true;
  }

  #answer(subtaskIndex: number): void {
    if (this.#closed) return;
    const split = this.#unassigned?.shift();
    if (split === undefined) this.#init.ctx.signalNoMoreSplits(subtaskIndex);
    else this.#init.ctx.assignSplits(subtaskIndex, [split]);
  }
}
