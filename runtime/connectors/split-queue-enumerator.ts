/**
 * The enumerator of sources whose splits are known at the start: hands them out in order, one a
 * request, or all at once in equal shares where splits have no end.
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
  /** Null: the splits are not found yet. */
  readonly unassigned: readonly SplitT[] | null;
  /** As `totalProgress` says; null: unknown. */
  readonly totalProgress: number | null;
}

export interface SplitQueueInit<SplitT> {
  readonly ctx: EnumeratorContext<SplitT>;
  /** Finds the splits in the order they are to be read; not called when a state has them. */
  readonly find: () => readonly SplitT[] | Promise<readonly SplitT[]>;
  /** A split's share of the total progress; undefined: the total is not known. */
  readonly progressOf?: (split: SplitT) => number;
  /** A reader gets all it will ever read at its first request. @defaultValue false */
  readonly inShares?: boolean;
  readonly state?: SplitQueueState<SplitT> | undefined;
}

export class SplitQueueEnumerator<SplitT>
  implements SplitEnumerator<SplitT, SplitQueueState<SplitT>>
{
  readonly #init: SplitQueueInit<SplitT>;
  readonly #asking = new Set<number>();
  /** Readers that had their share. */
  readonly #served = new Set<number>();
  #unassigned: SplitT[] | undefined;
  #totalProgress: number | undefined;
  #closed = false;

  constructor(init: SplitQueueInit<SplitT>) {
    this.#init = init;
    if (init.state === undefined) return;
    this.#unassigned = init.state.unassigned === null ? undefined : [...init.state.unassigned];
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

  addSplitsBack(splits: readonly SplitT[], subtaskIndex: number): void {
    assert(this.#unassigned !== undefined, 'I1: splits come back only after they were assigned');
    this.#served.delete(subtaskIndex);
    this.#unassigned.unshift(...splits);
  }

  snapshotState(): SplitQueueState<SplitT> {
    return {
      unassigned: this.#unassigned === undefined ? null : [...this.#unassigned],
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
    const splits = this.#unassigned?.splice(0, this.#shareOf(subtaskIndex)) ?? [];
    if (splits.length === 0) this.#init.ctx.signalNoMoreSplits(subtaskIndex);
    else this.#init.ctx.assignSplits(subtaskIndex, splits);
  }

  #shareOf(subtaskIndex: number): number {
    const { inShares = false, ctx } = this.#init;
    if (!inShares) return 1;
    const others = Math.max(0, ctx.parallelism - this.#served.size - 1);
    this.#served.add(subtaskIndex);
    return Math.ceil((this.#unassigned?.length ?? 0) / (others + 1));
  }
}
