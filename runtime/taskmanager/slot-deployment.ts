import type { BlobStore } from '../checkpoint/index.ts';
import type { Clock, FileSystem, Logger, Rng } from '../core/index.ts';
import type { ExecutionGraph, StreamGraph } from '../graph/index.ts';
import type { JobType } from '../operators/index.ts';
import type { RestoredSubtaskState, ResultPlace, SlotHandOverRecord } from '../protocol/index.ts';
import type { SortedInputSettings, TemporaryFiles } from './build-sorted-inputs.ts';
import type { HandOverHost } from './slot-hand-over.ts';
import type { SlotExchange, SlotReporter } from './slot-ports.ts';

/** What a slot is to run. */
export interface SlotDeployment {
  /** 32 hex digits; the same in every attempt. */
  readonly jobId: string;
  /** Rebuilt in the slot's thread; its JobGraph's hash equals the submitted one's. */
  readonly graph: StreamGraph;
  readonly executionGraph: ExecutionGraph;
  readonly slotIndex: number;
  readonly attempt: number;
  /** Grows with every hand-over of the slot within an attempt. @default 0 */
  readonly lease?: number;
  /** Changes are tracked, and the end of a task waits for a checkpoint. */
  readonly checkpointing: boolean;
  /** Of the slot's subtasks, or of more; empty: they start without state. */
  readonly restore: readonly RestoredSubtaskState[];
  /** Left by the slot whose place this one takes; `restore` is the checkpoint it stands behind. */
  readonly handOver?: SlotHandOverRecord;
  /** Absent: no edge is blocking. */
  readonly results?: ResultPlace | undefined;
  readonly bufferTimeoutMs: number;
  readonly autoWatermarkIntervalMs: number;
  /** @defaultValue false */
  readonly allowUnalignedSplits?: boolean;
  /** @defaultValue the graph's */
  readonly jobType?: JobType;
  /** Heeded in BATCH. @defaultValue inputs are not sorted */
  readonly sortedInputs?: SortedInputSettings;
  /** Tell when it has been idle for so long. @defaultValue it tells nothing */
  readonly idleAfterMs?: number;
}

/** The slot's way to the world. */
export interface SlotPorts {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly fileSystem: FileSystem;
  /** For what does not fit in memory. @defaultValue `/tmp` of the file system */
  readonly temporaryFiles?: TemporaryFiles;
  /** Takes and gives the bytes of checkpoints. */
  readonly blobs: BlobStore;
  readonly exchange: SlotExchange;
  readonly reporter: SlotReporter;
  readonly wake: () => void;
  /** Of slots that share their lease with others. */
  readonly handOverHost?: HandOverHost;
}
