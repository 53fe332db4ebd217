export type {
  ReaderEvent,
  SlotCommand,
  SlotReport,
  SourceEvent,
  SubtaskRef,
  TaskMetricsRecord,
} from './slot-messages.ts';
