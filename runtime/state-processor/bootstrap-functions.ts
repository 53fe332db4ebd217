/** What users write to make state, and how it becomes an operator. */
import type { KeySelector } from '../core/index.ts';
import {
  keyedProcessOperator,
  lifeCycleOf,
  type OneInputFactory,
  type ProcessContext,
  processOperator,
  type RichFunction,
  type TimerService,
} from '../operators/index.ts';
import type { BroadcastState, MapStateDescriptor } from '../state/index.ts';

/** Valid during the call it is given to. */
export interface KeyedStateBootstrapContext<K> {
  /** Timers are written with the state; none fires here. */
  readonly timerService: TimerService;
  readonly timestamp: number | undefined;
  getCurrentKey(): K;
}

/** Writes records into the keyed state that it gets in `open`, and into timers. */
export interface KeyedStateBootstrapFunction<K, T> extends RichFunction {
  processElement(value: T, ctx: KeyedStateBootstrapContext<K>): void;
}

/** Valid during the call it is given to. */
export interface StateBootstrapContext {
  readonly timestamp: number | undefined;
  currentProcessingTime(): number;
}

/** Writes records into list states, which it gets in `initializeState`. */
export interface StateBootstrapFunction<T> extends RichFunction {
  processElement(value: T, ctx: StateBootstrapContext): void;
}

/** Valid during the call it is given to. */
export interface BroadcastStateBootstrapContext extends StateBootstrapContext {
  getBroadcastState<K, V>(descriptor: MapStateDescriptor<K, V>): BroadcastState<K, V>;
}

/** Writes records into broadcast states. */
export interface BroadcastStateBootstrapFunction<T> extends RichFunction {
  processElement(value: T, ctx: BroadcastStateBootstrapContext): void;
}

export function keyedBootstrapOperator<K, T>(
  fn: KeyedStateBootstrapFunction<K, T>,
  keySelector: KeySelector<T, K>,
): OneInputFactory<T, never> {
  return keyedProcessOperator<K, T, never>(
    {
      ...lifeCycleOf(fn),
      processElement: (value, ctx) => fn.processElement(value, ctx),
      // Timers are refused to functions that do not have it; it is never called.
      onTimer: () => {},
    },
    keySelector,
  );
}

export function stateBootstrapOperator<T>(
  fn: BroadcastStateBootstrapFunction<T>,
): OneInputFactory<T, never> {
  return (ctx, output) => {
    let current: ProcessContext | undefined;
    const context: BroadcastStateBootstrapContext = {
      get timestamp() {
        return current?.timestamp;
      },
      currentProcessingTime: () => ctx.clock.nowEpochMs(),
      getBroadcastState: (descriptor) => ctx.operatorState.getBroadcastState(descriptor),
    };
    const operator = processOperator<T, never>({
      ...lifeCycleOf(fn),
      processElement: (value, ofRecord) => {
        current = ofRecord;
        return fn.processElement(value, context);
      },
    });
    return operator(ctx, output);
  };
}
