/**
 * What windows hold in a snapshot, whichever of the window operators wrote it.
 *
 * Filled like the tables of those operators, read key by key, and emptied for the next key groups.
 */
import type { EncodedKey } from '../core/index.ts';
import type { RestoreTarget } from '../state/index.ts';
import type { TimestampedValue } from './evictor.ts';
import type { SessionSnapshot } from './session.ts';
import { TimeWindow, windowOfId } from './time-window.ts';
import type { WindowContentsKind } from './window-aggregation.ts';
import { WINDOW_CONTENTS, WINDOW_MERGED } from './window-contents.ts';

/** Which operator: plain windows, sessions, those with a trigger, those that merge as well. */
export type StoredWindowsKind = 'window' | 'session-window' | 'triggered-window' | 'merging-window';

export interface StoredWindow {
  readonly window: TimeWindow;
  /** An accumulator, or all records. */
  readonly contents: unknown;
  /** It fired with what it holds; only sessions say so. */
  readonly fired: boolean;
}

type ByKey<V> = Map<EncodedKey, Map<EncodedKey, V>>;

export class StoredWindows {
  readonly kind: StoredWindowsKind;
  readonly contents: WindowContentsKind;
  readonly #contents: ByKey<unknown> = new Map();
  /** Where windows merge: from window to where its contents are. */
  readonly #merged: ByKey<unknown> = new Map();
  /** By the state's name. */
  readonly targets: ReadonlyMap<string, RestoreTarget>;

  /** @param kind of the state {@link WINDOW_CONTENTS}, as snapshots call it. */
  constructor(kind: string) {
    const [windows, contents] = kind.split(' of ');
    this.kind = windows as StoredWindowsKind;
    this.contents = contents as WindowContentsKind;
    this.targets = new Map([
      [WINDOW_CONTENTS, targetOf(this.#contents)],
      [WINDOW_MERGED, targetOf(this.#merged)],
    ]);
  }

  clear(): void {
    this.#contents.clear();
    this.#merged.clear();
  }

  keys(): Iterable<EncodedKey> {
    return this.#contents.keys();
  }

  /** In order of their start. */
  windowsOf(key: EncodedKey): readonly StoredWindow[] {
    const held = this.#contents.get(key) ?? new Map<EncodedKey, unknown>();
    return this.#listed(key, held).sort(
      (a, b) => a.window.start - b.window.start || a.window.end - b.window.end,
    );
  }

  #listed(key: EncodedKey, held: ReadonlyMap<EncodedKey, unknown>): StoredWindow[] {
    if (this.kind === 'session-window') {
      return Array.from(held.values(), (value) => {
        const { startMs, endMs, fired, accumulator } = value as SessionSnapshot<unknown>;
        return { window: new TimeWindow(startMs, endMs), contents: accumulator, fired };
      });
    }
    if (this.kind === 'merging-window') {
      return [...(this.#merged.get(key) ?? [])].flatMap(([id, stateWindow]) => {
        const place = stateWindow as EncodedKey;
        if (!held.has(place)) return [];
        return [{ window: windowOfId(String(id)), contents: held.get(place), fired: false }];
      });
    }
    return Array.from(held, ([id, contents]) => {
      return { window: windowOfId(String(id)), contents, fired: false };
    });
  }
}

/** The records of a window that keeps their timestamps as well. */
export function recordsOf(contents: unknown): unknown[] {
  return (contents as readonly TimestampedValue<unknown>[]).map(({ value }) => value);
}

function targetOf(entries: ByKey<unknown>): RestoreTarget {
  return {
    restorePut: (key, subKey, value) => {
      const held = entries.get(key) ?? new Map<EncodedKey, unknown>();
      held.set(subKey ?? '', value);
      entries.set(key, held);
    },
    restoreRemove: (key, subKey) => {
      const held = entries.get(key);
      held?.delete(subKey ?? '');
      if (held?.size === 0) entries.delete(key);
    },
  };
}
