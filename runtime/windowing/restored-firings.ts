/**
 * Which windows had fired before a restore. The watermark is not restored, as in Flink: it starts
 * anew, and windows whose allowed lateness had not passed are still there. They must not fire a
 * second time by themselves, and must once more when a record came since.
 *
 * A snapshot holds, for the subtask's range of key groups, the time up to which windows had fired;
 * every subtask is given the ranges of all, so the parallelism may change.
 *
 * I1  A window fired for a key before the restore iff it ended by the time of the key's range and
 *     is not marked to fire again.
 * I2  Once time has passed that of every range nothing is left to know.
 *
 * @see Flink `EventTimeTrigger`: a record registers the timer of its window again
 */
import { type EncodedKey, hashKey, keyGroupOf, keyGroupRangeOf } from '../core/index.ts';
import type { OperatorContext } from '../operators/index.ts';
import {
  type HeapKeyedStateBackend,
  type ListState,
  ListStateDescriptor,
  type MapState,
  MapStateDescriptor,
} from '../state/index.ts';
import type { Pane } from './pane-table.ts';
import { WINDOW_FIRED, WINDOW_REFIRE } from './window-contents.ts';

/** Windows of these key groups, both ends inclusive, that end by `passedMs` have fired. */
interface FiredRange {
  readonly firstKeyGroup: number;
  readonly lastKeyGroup: number;
  readonly passedMs: number;
}

type Ended = Pick<Pane<unknown>, 'endMs' | 'subKey'>;

export class RestoredFirings {
  readonly #ctx: OperatorContext;
  readonly #backend: HeapKeyedStateBackend;
  readonly #list: ListState<FiredRange>;
  readonly #refire: MapState<string, boolean>;
  #ranges: readonly FiredRange[] = [];
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(ctx: OperatorContext) {
    this.#ctx = ctx;
    this.#backend = ctx.keyedState();
    this.#list = ctx.operatorState.getUnionListState(
      new ListStateDescriptor<FiredRange>(WINDOW_FIRED),
    );
    this.#refire = this.#backend.getMapState(
      new MapStateDescriptor<string, boolean>(WINDOW_REFIRE),
    );
    const own = ownRange(ctx);
    this.#ranges = this.#list.get().flatMap((range) => within(range, own));
    for (const { passedMs } of this.#ranges) this.#lastMs = Math.max(this.#lastMs, passedMs);
  }

  /** False: there is nothing to ask. */
  get active(): boolean {
    return this.#ranges.length > 0;
  }

  /** A record came for a window whose end has not passed again: the window fires then. */
  recordAdded(pane: Ended, key: EncodedKey, keyGroup: number): void {
    if (pane.endMs - 1 > this.#firedUpToMs(key, keyGroup)) return;
    this.#backend.setCurrentEncodedKey(key);
    this.#refire.put(pane.subKey, true);
  }

  /** Whether a window whose end passes now fires for the key. */
  takeFiring(pane: Ended, key: EncodedKey): boolean {
    if (pane.endMs - 1 > this.#firedUpToMs(key, -1)) return true;
    this.#backend.setCurrentEncodedKey(key);
    const refires = this.#refire.has(pane.subKey);
    if (refires) this.#refire.remove(pane.subKey);
    return refires;
  }

  /** After the windows that ended by then have fired. */
  advance(passedMs: number): void {
    if (passedMs >= this.#lastMs) this.#ranges = [];
  }

  /** Puts into operator state how far windows have fired. */
  snapshot(passedMs: number): void {
    const later = this.#ranges.map((range) =>
      range.passedMs >= passedMs ? range : { ...range, passedMs },
    );
    this.#list.update(this.active ? later : [{ ...ownRange(this.#ctx), passedMs }]);
  }

  #firedUpToMs(key: EncodedKey, keyGroup: number): number {
    if (this.#lastMs === Number.NEGATIVE_INFINITY) return this.#lastMs;
    const group = keyGroup >= 0 ? keyGroup : keyGroupOf(hashKey(key), this.#ctx.maxParallelism);
    for (const range of this.#ranges) {
      if (group >= range.firstKeyGroup && group <= range.lastKeyGroup) return range.passedMs;
    }
    return Number.NEGATIVE_INFINITY;
  }
}

function ownRange(ctx: OperatorContext): Omit<FiredRange, 'passedMs'> {
  const range = keyGroupRangeOf(ctx.maxParallelism, ctx.parallelism, ctx.subtaskIndex);
  return { firstKeyGroup: range.start, lastKeyGroup: range.end };
}

function within(range: FiredRange, own: Omit<FiredRange, 'passedMs'>): FiredRange[] {
  const firstKeyGroup = Math.max(range.firstKeyGroup, own.firstKeyGroup);
  const lastKeyGroup = Math.min(range.lastKeyGroup, own.lastKeyGroup);
  return firstKeyGroup > lastKeyGroup ? [] : [{ ...range, firstKeyGroup, lastKeyGroup }];
}
