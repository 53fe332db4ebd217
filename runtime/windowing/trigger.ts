/**
 * When windows fire. A trigger is asked for each record and each timer it registered; what it
 * holds of a window it holds in partitioned state, which is snapshotted.
 *
 * @see Flink `Trigger`, `TriggerResult`
 */
import type { OperatorMetrics } from '../operators/index.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../state/index.ts';
import type { TimeWindow } from './time-window.ts';

/** What becomes of a window: whether it fires, and whether what it holds goes. */
export const TriggerResult = {
  CONTINUE: 'CONTINUE',
  FIRE: 'FIRE',
  PURGE: 'PURGE',
  FIRE_AND_PURGE: 'FIRE_AND_PURGE',
} as const;

export type TriggerResult = (typeof TriggerResult)[keyof typeof TriggerResult];

export const isFire = (result: TriggerResult): boolean =>
  result === 'FIRE' || result === 'FIRE_AND_PURGE';

export const isPurge = (result: TriggerResult): boolean =>
  result === 'PURGE' || result === 'FIRE_AND_PURGE';

/** What a trigger may use; timers and states are those of the key and window it is called for. */
export interface TriggerContext {
  /** Milliseconds since 1970. */
  getCurrentProcessingTime(): number;
  /** In ms; `MIN_TIMESTAMP_MS` before the first. */
  getCurrentWatermark(): number;
  getMetricGroup(): OperatorMetrics;
  /** Calls `onProcessingTime` once the clock has passed this millisecond. */
  registerProcessingTimeTimer(epochMs: number): void;
  /** Calls `onEventTime` once the watermark has reached this timestamp. */
  registerEventTimeTimer(timestampMs: number): void;
  deleteProcessingTimeTimer(epochMs: number): void;
  deleteEventTimeTimer(timestampMs: number): void;
  /** The handle is good until the call ends; `clear` must clear what it leaves behind. */
  getPartitionedState<T, R>(descriptor: ValueStateDescriptor<T, R>): ValueState<T, R>;
  getPartitionedState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getPartitionedState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getPartitionedState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getPartitionedState<I, A, O>(
    descriptor: AggregatingStateDescriptor<I, A, O>,
  ): AggregatingState<I, O>;
}

/** For the window that others were merged into. */
export interface OnMergeContext extends TriggerContext {
  /** Moves what the merged windows hold in this state into that of the result. */
  mergePartitionedState<I, A, O>(
    descriptor:
      | ListStateDescriptor<I>
      | ReducingStateDescriptor<I>
      | AggregatingStateDescriptor<I, A, O>,
  ): void;
}

/** Decides when the windows of records of type `T` fire. One object serves all windows. */
export interface Trigger<T = unknown> {
  /** In the plan, e.g. `CountTrigger(3)`. @defaultValue the name of its class */
  readonly name?: string;
  /** After the record was added to the window. */
  onElement(
    element: T,
    timestampMs: number,
    window: TimeWindow,
    ctx: TriggerContext,
  ): TriggerResult;
  onProcessingTime(epochMs: number, window: TimeWindow, ctx: TriggerContext): TriggerResult;
  onEventTime(timestampMs: number, window: TimeWindow, ctx: TriggerContext): TriggerResult;
  /** Whether it may be used with windows that merge. @defaultValue false */
  canMerge?(): boolean;
  /** Windows were merged into this one: registers timers again, merges states. */
  onMerge?(window: TimeWindow, ctx: OnMergeContext): void;
  /** The window goes: removes its timers and states. */
  clear(window: TimeWindow, ctx: TriggerContext): void;
}

/** How a trigger, an evictor or an assigner is called in names and errors. */
export function componentName(component: object): string {
  const { name } = component as { readonly name?: unknown };
  if (typeof name === 'string' && name !== '') return name;
  const className = component.constructor?.name ?? '';
  return className === '' || className === 'Object' ? 'custom' : className;
}
