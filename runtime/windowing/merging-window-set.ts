/**
 * The windows of keys where windows merge, and where what each holds is: in the state window,
 * which stays the same when a window grows, so that contents move only when two windows that both
 * have some become one.
 *
 * Owns the table from key and window to state window, which is part of the snapshot.
 *
 * I1  No two windows of a key have one state window.
 * I2  Only windows that were in the set, or the new one, are merged.
 *
 * @see Flink `MergingWindowSet`
 */
import { type EncodedKey, StreamError } from '../core/index.ts';
import { type HeapKeyedStateBackend, MapTable } from '../state/index.ts';
import type { CustomWindowAssigner } from './custom-assigner.ts';
import { type TimeWindow, windowId, windowOfId } from './time-window.ts';
import { componentName } from './trigger.ts';
import { WINDOW_MERGED } from './window-contents.ts';

/** Windows became one. */
export interface WindowMerge {
  readonly result: TimeWindow;
  /** Without the new window and the result: they have triggers and timers of their own. */
  readonly merged: readonly TimeWindow[];
  readonly stateWindow: string;
  /** What they hold goes into that of the state window, in this order. */
  readonly mergedStateWindows: readonly string[];
}

export class MergingWindowSet<T> {
  readonly #merge: NonNullable<CustomWindowAssigner<T>['mergeWindows']>;
  readonly #name: string;
  readonly #table: MapTable<string>;

  constructor(
    assigner: CustomWindowAssigner<T>,
    merge: NonNullable<CustomWindowAssigner<T>['mergeWindows']>,
    backend: HeapKeyedStateBackend,
  ) {
    this.#name = componentName(assigner);
    this.#merge = merge.bind(assigner);
    const meta = { name: WINDOW_MERGED, kind: 'merged windows', version: 1 };
    this.#table = new MapTable<string>({ meta, tracksChanges: backend.tracksChanges });
    backend.registerTable(this.#table);
  }

  /** Where the contents of a window are; undefined: there is no such window. */
  stateWindow(key: EncodedKey, window: string): string | undefined {
    return this.#table.find(key, window)?.value;
  }

  /**
   * Adds a window.
   *
   * @param onMerge runs for each group of windows that became one, once they have.
   * @returns the window it is part of now.
   */
  add(key: EncodedKey, window: TimeWindow, onMerge: (merge: WindowMerge) => void): TimeWindow {
    const known = this.#table.mapOf(key);
    const id = windowId(window);
    if (known === undefined || known.has(id)) {
      if (known === undefined) this.#table.put(key, id, id);
      return window;
    }
    const groups: { readonly merged: readonly TimeWindow[]; readonly result: TimeWindow }[] = [];
    const windows = [...known.keys()].map((one) => windowOfId(String(one)));
    this.#merge([...windows, window], (merged, result) => groups.push({ merged, result }));
    let actual: TimeWindow | undefined;
    const merges: WindowMerge[] = [];
    for (const { merged, result } of groups) {
      const others = merged.filter((one) => windowId(one) !== id);
      if (others.length < merged.length) actual = result;
      const merge = this.#join(key, others, result);
      if (merge !== undefined) merges.push(merge);
    }
    if (actual === undefined) this.#table.put(key, id, id);
    for (const merge of merges) onMerge(merge);
    return actual ?? window;
  }

  retire(key: EncodedKey, window: string): void {
    const entry = this.#table.find(key, window);
    if (entry !== undefined) this.#table.remove(entry);
  }

  /** Undefined: it is one window, as it was. */
  #join(
    key: EncodedKey,
    merged: readonly TimeWindow[],
    result: TimeWindow,
  ): WindowMerge | undefined {
    const resultId = windowId(result);
    const states = merged.map((window) => this.#take(key, windowId(window)));
    const [stateWindow = resultId, ...mergedStateWindows] = states;
    this.#table.put(key, resultId, stateWindow);
    const others = merged.filter((window) => windowId(window) !== resultId);
    if (others.length === 0 && merged.length > 0) return undefined;
    return { result, merged: others, stateWindow, mergedStateWindows };
  }

  #take(key: EncodedKey, window: string): string {
    const entry = this.#table.find(key, window);
    if (entry === undefined) {
      throw new StreamError({
        kind: 'user',
        code: 'WINDOW_MERGE_INVALID',
        message: `mergeWindows must merge windows it was given, each once: window=${window} assigner=${this.#name}`,
        details: { window, assigner: this.#name },
      });
    }
    const { value } = entry;
    this.#table.remove(entry);
    return value;
  }
}
