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
export type {
  ReaderEvent,
  SlotCommand,
  SlotReport,
  SourceEvent,
  TaskMetricsRecord,
  TaskRates,
} from './slot-messages.ts';
export type { SubtaskRef } from './subtask-ref.ts';
