export {
  type AlignedWindowAssigner,
  DynamicEventTimeSessionWindows,
  DynamicProcessingTimeSessionWindows,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowAssigner,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
  WindowStagger,
} from './assigners.ts';
export {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
} from './continuous-triggers.ts';
export type { CustomWindowAssigner, WindowAssignerContext } from './custom-assigner.ts';
export type { SessionWindowTimeGapExtractor } from './dynamic-sessions.ts';
export { CountTrigger, type DeltaFunction, DeltaTrigger } from './element-triggers.ts';
export {
  CountEvictor,
  DeltaEvictor,
  type Evictor,
  type EvictorContext,
  TimeEvictor,
  type TimestampedValue,
} from './evictor.ts';
export { GlobalWindow, GlobalWindows } from './global-windows.ts';
export { ProcessingTimeoutTrigger, PurgingTrigger } from './nested-triggers.ts';
export {
  recordsOf,
  type StoredWindow,
  StoredWindows,
  type StoredWindowsKind,
} from './stored-windows.ts';
export {
  EndOfStreamTrigger,
  EventTimeTrigger,
  NeverTrigger,
  ProcessingTimeTrigger,
} from './time-triggers.ts';
export { type MergeCallback, TimeWindow, windowId } from './time-window.ts';
export {
  componentName,
  type OnMergeContext,
  type Trigger,
  type TriggerContext,
  TriggerResult,
} from './trigger.ts';
export {
  aggregateAggregation,
  listAggregation,
  reduceAggregation,
  type WindowAggregation,
} from './window-aggregation.ts';
export {
  checkEvictor,
  positiveCount,
  windowInvalid,
} from './window-arguments.ts';
export {
  PER_WINDOW_STATE_PREFIX,
  TRIGGER_STATE_PREFIX,
  WINDOW_CONTENTS,
} from './window-contents.ts';
export type { WindowFunctionOf } from './window-emitter.ts';
export {
  type ProcessWindowContext,
  type ProcessWindowFunction,
  type ProcessWindowLike,
  processWindowFunction,
  type WindowFunction,
  type WindowLike,
} from './window-functions.ts';
export { assertTriggerFits, windowOperator } from './window-operator.ts';
export type { WindowOperatorOptions } from './window-operator-options.ts';
