import type { Clock } from '../core/index.ts';
import type {
  RestoredSubtaskState,
  SlotReport,
  SubtaskRef,
  TaskHandOverRecord,
} from '../protocol/index.ts';
import type { ChannelReplay } from './channel-replay.ts';
import type { InputGate } from './input-gate.ts';
import type { OperatorChain } from './operator-chain.ts';
import type { RecordWriter } from './record-writer.ts';
import type { SortedInputs } from './sorted-inputs.ts';
import type { SubtaskCheckpoints } from './subtask-checkpoints.ts';
import type { ChannelOrigin } from './task-facts.ts';
import type { RemoteInput } from './task-inputs.ts';

/** What a task is made of. */
export interface TaskParts {
  readonly ref: SubtaskRef;
  readonly name: string;
  readonly parallelism: number;
  readonly chain: OperatorChain;
  /** By input index of the head. */
  readonly gates: readonly InputGate[];
  /** Of the channels, gate by gate. */
  readonly origins: readonly (readonly ChannelOrigin[])[];
  readonly remoteInputs: readonly RemoteInput[];
  /** Takes what the gates take, before the head does; undefined: the head takes it itself. */
  readonly sorted?: SortedInputs | undefined;
  readonly writers: readonly RecordWriter[];
  readonly checkpoints: SubtaskCheckpoints;
  /** Whether the end waits for a checkpoint. */
  readonly checkpointing: boolean;
  /** What its operators were given; undefined: they start without state. */
  readonly restored: RestoredSubtaskState | undefined;
  /** Frames to take before any other input. */
  readonly replay: ChannelReplay | undefined;
  /** Of the task whose place this one takes in the same attempt. */
  readonly handOver: TaskHandOverRecord | undefined;
  /** Closed with the task. */
  readonly results: { close(): Promise<void> };
  readonly report: (report: SlotReport) => void;
  readonly clock: Clock;
  /** Something asynchronous of this task went on: step it again. */
  readonly wake: () => void;
}
