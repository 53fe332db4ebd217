/**
 * From a key's accumulator to results: reads the aggregation's result, calls the window function
 * if there is one, and stamps everything with the window's last millisecond.
 */
import { decodeKey, type EncodedKey } from '../core/index.ts';
import {
  KeyedContext,
  type OperatorContext,
  type Output,
  type OutputTag,
  TimestampedCollector,
  UserFunction,
} from '../operators/index.ts';
import type { KeyedStateStore, NamespacedState } from '../state/index.ts';
import { TimeWindow, windowId } from './time-window.ts';
import type { WindowAggregation } from './window-aggregation.ts';
import type { ProcessWindowContext, ProcessWindowLike } from './window-functions.ts';

/** How the emitter calls a window function; `elements` is the aggregation's result. */
type WindowCall<R, O> = (
  key: EncodedKey,
  result: R,
  ctx: ReusedWindowContext,
  out: TimestampedCollector<O>,
) => void;

export class WindowEmitter<T, A, R, O> {
  readonly #aggregation: WindowAggregation<T, A, R>;
  /** The window function. */
  readonly user: UserFunction;
  readonly #aggregateUser: UserFunction;
  readonly #keyed: KeyedContext;
  readonly #call: WindowCall<R, O>;
  readonly #collector: TimestampedCollector<O>;
  readonly #context: ReusedWindowContext;
  readonly #clear: ((ctx: ProcessWindowContext) => void) | undefined;

  /**
   * @param watermarkMs reads the current watermark.
   * @param perWindow where states of one window are; undefined: they are refused.
   */
  constructor(
    aggregation: WindowAggregation<T, A, R>,
    windowFunction: WindowFunctionOf<R, O> | undefined,
    ctx: OperatorContext,
    output: Output<O>,
    watermarkMs: () => number,
    perWindow?: PerWindowState,
  ) {
    this.#aggregation = aggregation;
    this.#aggregateUser = new UserFunction(undefined, aggregation.what, ctx);
    this.user = new UserFunction(windowFunction?.fn, 'window function', ctx);
    this.#keyed = new KeyedContext(ctx);
    this.#call = this.#callOf(windowFunction);
    this.#collector = new TimestampedCollector(output);
    const states = { keyed: this.#keyed, user: this.user, perWindow };
    this.#context = new ReusedWindowContext(this.#collector, ctx, watermarkMs, states);
    const fn = windowFunction?.fn;
    this.#clear = typeof fn === 'object' ? fn.clear?.bind(fn) : undefined;
  }

  open(): void | Promise<void> {
    return this.user.open(this.#keyed.backend);
  }

  close(): void | Promise<void> {
    return this.user.close();
  }

  /** All that follows fires for this window. */
  startWindow(startMs: number, endMs: number): void {
    this.#context.window = new TimeWindow(startMs, endMs);
    this.#collector.timestampMs = endMs - 1;
  }

  emit(key: EncodedKey, accumulator: A): void {
    this.#collector.downstream = false;
    let result: R;
    try {
      result = this.#aggregation.result(accumulator);
    } catch (thrown) {
      throw this.#aggregateUser.failure(thrown, accumulator);
    }
    this.#call(key, result, this.#context, this.#collector);
  }

  /** The window goes: the window function clears its states. */
  clear(key: EncodedKey, window: TimeWindow): void {
    if (this.#clear === undefined) return;
    this.startWindow(window.start, window.end);
    this.#keyed.backend.setCurrentEncodedKey(key);
    this.#collector.downstream = false;
    try {
      this.#clear(this.#context);
    } catch (thrown) {
      if (this.#collector.downstream) throw thrown;
      throw this.user.failure(thrown, { key: decodeKey(key), window });
    }
  }

  #callOf(windowFunction: WindowFunctionOf<R, O> | undefined): WindowCall<R, O> {
    if (windowFunction === undefined) {
      // Without a window function the results are the output.
      return (_key, result, _ctx, out) => out.collect(result as unknown as O);
    }
    const { fn, single } = windowFunction;
    const process = typeof fn === 'function' ? fn : fn.process.bind(fn);
    return (key, result, ctx, out) => {
      const elements = single ? [result] : (result as Iterable<unknown>);
      this.#keyed.backend.setCurrentEncodedKey(key);
      const decoded = decodeKey(key);
      try {
        const returned: unknown = process(decoded, ctx, elements, out);
        if (returned instanceof Promise) throw this.user.asynchronous();
      } catch (thrown) {
        throw out.downstream
          ? thrown
          : this.user.failure(thrown, { key: decoded, window: ctx.window });
      }
    };
  }
}

/** A window function of any key and input; `single` when it gets one aggregated result. */
export interface WindowFunctionOf<R, O> {
  readonly fn: ProcessWindowLike<unknown, O, unknown>;
  readonly single: boolean;
  /** Never present at run time. */
  readonly _r?: R;
}

/** `merging`: windows merge, and what is of one of them would be of none. */
export type PerWindowState = NamespacedState | 'merging';

interface ContextStates {
  readonly keyed: KeyedContext;
  readonly user: UserFunction;
  readonly perWindow: PerWindowState | undefined;
}

const REFUSALS = {
  unclear:
    'asked for windowState but has no clear, so that nothing would remove it: pass an object ' +
    'with process and clear, or use globalState',
  merging: 'asked for windowState of windows that merge, which have none: use globalState',
} as const;

class ReusedWindowContext implements ProcessWindowContext {
  window = new TimeWindow(0, 0);
  readonly #collector: TimestampedCollector<never>;
  readonly #ctx: OperatorContext;
  readonly #watermarkMs: () => number;
  readonly #states: ContextStates;

  constructor(
    collector: TimestampedCollector<never>,
    ctx: OperatorContext,
    watermarkMs: () => number,
    states: ContextStates,
  ) {
    this.#collector = collector;
    this.#ctx = ctx;
    this.#watermarkMs = watermarkMs;
    this.#states = states;
  }

  windowState(): KeyedStateStore {
    const { keyed, perWindow, user } = this.#states;
    if (perWindow === undefined || perWindow === 'merging') {
      throw user.misuse('WINDOW_STATE_REFUSED', REFUSALS[perWindow ?? 'unclear']);
    }
    perWindow.setCurrent(keyed.backend.encoded(), windowId(this.window));
    return perWindow.store;
  }

  globalState(): KeyedStateStore {
    return this.#states.keyed.backend;
  }

  currentWatermark(): number {
    return this.#watermarkMs();
  }

  currentProcessingTime(): number {
    return this.#ctx.processingTime.nowEpochMs();
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.#collector.collectSide(tag, value);
  }
}
