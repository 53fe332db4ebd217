export {
  type AccumulatorRecord,
  type AccumulatorState,
  type AccumulatorType,
  accumulatorResults,
  accumulatorText,
  accumulatorValue,
  mergeAccumulators,
  type StoredNumber,
  storedNumber,
} from './accumulator-records.ts';
export {
  type BytesRecord,
  type ChannelStateRecord,
  type CheckpointBarrier,
  type CheckpointType,
  isEngineState,
  isSavepoint,
  isSuspending,
  type KeyedSegmentRecord,
  type KeyedStateMetaRecord,
  type OperatorStateMode,
  type OperatorStateRecord,
  type OperatorSubtaskStateRecord,
  type RestoredListRecord,
  type RestoredOperatorState,
  type RestoredSubtaskState,
  type SegmentChunkRecord,
  type SubtaskCheckpointStats,
  type SubtaskStateRecord,
  WINDOW_STATE_PREFIX,
} from './checkpoint-records.ts';
export type {
  ChannelStatusRecord,
  ControlRecord,
  InputStatusRecord,
  LeaveRecord,
  LinkPosition,
  SlotHandOverRecord,
  TaskHandOverRecord,
} from './hand-over.ts';
export { type ResultPlace, resultPath } from './result-place.ts';
export type {
  ReaderEvent,
  SlotCommand,
  SlotReport,
  SlotStateAnswer,
  SourceEvent,
  TaskMetricsRecord,
  TaskRates,
} from './slot-messages.ts';
export {
  QUERY_KEY_TYPES,
  type QueryKeyRecord,
  type QueryKeyType,
  type StateQueryRecord,
  type StateValueRecord,
} from './state-query.ts';
export type { SubtaskRef } from './subtask-ref.ts';
export type {
  ChannelWatermarkRecord,
  HeldRecord,
  InputFactsRecord,
  OpenSplitsRecord,
  OperatorFacts,
  OperatorFactsRecord,
  PaceRecord,
  RecentFactsRecord,
  SourceAlignmentRecord,
  SplitFactsRecord,
  SplitWatermarkRecord,
  WatermarkMakerRecord,
} from './task-facts.ts';
