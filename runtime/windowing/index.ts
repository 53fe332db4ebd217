export {
  type AlignedWindowAssigner,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowAssigner,
  SlidingEventTimeWindows,
  SlidingProcessingTimeWindows,
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
  type WindowAssigner,
} from './assigners.ts';
export { TimeWindow } from './time-window.ts';
export {
  aggregateAggregation,
  listAggregation,
  reduceAggregation,
  type WindowAggregation,
} from './window-aggregation.ts';
export type { WindowFunctionOf } from './window-emitter.ts';
export {
  type ProcessWindowContext,
  type ProcessWindowFunction,
  type ProcessWindowLike,
  processWindowFunction,
  type WindowFunction,
  type WindowLike,
} from './window-functions.ts';
export { windowOperator } from './window-operator.ts';
export type { WindowOperatorOptions } from './window-operator-options.ts';
