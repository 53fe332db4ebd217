import type { ReaderContext } from '../connectors/index.ts';
import { decodeKey, type EncodedKey, type TypeInformation } from '../core/index.ts';
import { type OperatorPlace, userFailure } from '../operators/index.ts';
import { type KeyedStateStore, NamespacedState, type StateDescriptor } from '../state/index.ts';
import { EVENT_TIME_TIMERS, PROCESSING_TIME_TIMERS, StoredTimers } from '../time/index.ts';
import {
  PER_WINDOW_STATE_PREFIX,
  type StoredWindow,
  StoredWindows,
  type TimeWindow,
  TRIGGER_STATE_PREFIX,
  WINDOW_CONTENTS,
  windowId,
} from '../windowing/index.ts';
import { guarded, keyCheck, placeOf, readerContext } from './keyed-state-reader.ts';
import type { ItemsOf, KeyedReader } from './keyed-state-source.ts';
import type { WindowReaderContext, WindowReaderFunction } from './reader-functions.ts';
import type { RestoredStates } from './restored-states.ts';
import { keyedStatesOf, type StoredOperator } from './stored-savepoint.ts';

export interface WindowReading<K, O> {
  readonly fn: WindowReaderFunction<unknown, O, K>;
  readonly keyType: TypeInformation<K> | undefined;
  /** What a window function would get of what a window holds. */
  readonly elementsOf: (contents: unknown) => Iterable<unknown>;
  readonly isEventTime: boolean;
}

/** What windows hold, as snapshots call it; undefined: the operator has no windows. */
export function contentsKindOf(operator: StoredOperator): string | undefined {
  return keyedStatesOf(operator).find(({ name }) => name === WINDOW_CONTENTS)?.kind;
}

/** Calls a function for every window of every key. */
export class WindowStateReader<K, O> implements KeyedReader<O> {
  readonly #reading: WindowReading<K, O>;
  readonly #states: RestoredStates;
  readonly #ctx: ReaderContext;
  readonly #place: OperatorPlace;
  readonly #checkKey: (key: unknown) => void;
  readonly #windows: StoredWindows;
  readonly #eventTime = new StoredTimers();
  readonly #processingTime = new StoredTimers();

  constructor(
    reading: WindowReading<K, O>,
    states: RestoredStates,
    ctx: ReaderContext,
    operator: StoredOperator,
  ) {
    this.#reading = reading;
    this.#states = states;
    this.#ctx = ctx;
    this.#place = placeOf(ctx, operator);
    this.#checkKey = keyCheck(reading.keyType, operator);
    const windows = new StoredWindows(contentsKindOf(operator) ?? '');
    this.#windows = windows;
    for (const [name, { restorePut, restoreRemove }] of windows.targets) {
      states.show(name, { restorePut, restoreRemove, clear: () => windows.clear() });
    }
    states.show(EVENT_TIME_TIMERS, this.#eventTime);
    states.show(PROCESSING_TIME_TIMERS, this.#processingTime);
  }

  async open(): Promise<void> {
    try {
      await this.#reading.fn.open?.(readerContext(this.#ctx, this.#place));
    } catch (thrown) {
      throw userFailure(this.#place, 'open of reader function', thrown);
    }
  }

  items(): ItemsOf<O> {
    const all: (readonly [EncodedKey, StoredWindow])[] = [];
    for (const key of this.#windows.keys()) {
      for (const window of this.#windows.windowsOf(key)) all.push([key, window]);
    }
    const { fn, elementsOf } = this.#reading;
    const ctx = new ReadWindowContext(this.#states, (key, stored) => this.#timersOf(key, stored));
    return {
      itemCount: all.length,
      emit: (item, collect) => {
        const [encoded, stored] = all[item] as (typeof all)[number];
        const key = decodeKey(encoded) as K;
        this.#checkKey(key);
        ctx.point(encoded, stored);
        guarded(this.#place, key, () =>
          fn.readWindow(key, ctx.typed, elementsOf(stored.contents), { collect }),
        );
      },
    };
  }

  close(): void | Promise<void> {
    return this.#reading.fn.close?.();
  }

  #timersOf(key: EncodedKey, { window, fired }: StoredWindow): TimersOfWindow {
    const { kind } = this.#windows;
    if (kind === 'triggered-window' || kind === 'merging-window') {
      const id = windowId(window);
      return [this.#eventTime.of(key, id), this.#processingTime.of(key, id)];
    }
    // Plain windows need no timer a key: what Flink's trigger of them would have set.
    const end = new Set(fired ? [] : [window.maxTimestamp()]);
    return this.#reading.isEventTime ? [end, new Set()] : [new Set(), end];
  }
}

type TimersOfWindow = readonly [event: ReadonlySet<number>, processing: ReadonlySet<number>];

class ReadWindowContext {
  readonly #states: RestoredStates;
  readonly #trigger: NamespacedState;
  readonly #perWindow: NamespacedState;
  readonly #timersOf: (key: EncodedKey, stored: StoredWindow) => TimersOfWindow;
  #at: readonly [EncodedKey, StoredWindow] | undefined;

  constructor(
    states: RestoredStates,
    timersOf: (key: EncodedKey, stored: StoredWindow) => TimersOfWindow,
  ) {
    this.#states = states;
    this.#trigger = new NamespacedState(states.backend, TRIGGER_STATE_PREFIX);
    this.#perWindow = new NamespacedState(states.backend, PER_WINDOW_STATE_PREFIX);
    this.#timersOf = timersOf;
  }

  /** Each kind of descriptor gives the handle of its kind, which one signature cannot say. */
  get typed(): WindowReaderContext {
    return this as unknown as WindowReaderContext;
  }

  point(key: EncodedKey, stored: StoredWindow): void {
    this.#at = [key, stored];
    const id = windowId(stored.window);
    this.#states.backend.setCurrentEncodedKey(key);
    this.#trigger.setCurrent(key, id);
    this.#perWindow.setCurrent(key, id);
  }

  window(): TimeWindow {
    return this.#current[1].window;
  }

  registeredEventTimeTimers(): ReadonlySet<number> {
    return this.#timersOf(...this.#current)[0];
  }

  registeredProcessingTimeTimers(): ReadonlySet<number> {
    return this.#timersOf(...this.#current)[1];
  }

  triggerState(descriptor: StateDescriptor): unknown {
    return this.#trigger.stateOf(descriptor);
  }

  windowState(): KeyedStateStore {
    return this.#perWindow.store;
  }

  globalState(): KeyedStateStore {
    return this.#states.backend;
  }

  get #current(): readonly [EncodedKey, StoredWindow] {
    if (this.#at === undefined) throw new TypeError('a window is read before its facts are asked');
    return this.#at;
  }
}
