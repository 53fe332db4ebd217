/** Between a TaskManager's main thread and the threads of its slots. Structured clones. */
import type { MessagePort } from 'node:worker_threads';
import type { ConfigValue } from '../../../core/index.ts';
import type { JobGraphOverrides } from '../../../graph/index.ts';
import type {
  RestoredSubtaskState,
  SlotCommand,
  SlotHandOverRecord,
  SlotReport,
} from '../../../protocol/index.ts';
import type { RingMemory } from '../../local/index.ts';
import type { BlobTier } from './remote-blobs.ts';
import type { FileLimits } from './remote-files.ts';
import type { SlotThreadMarks } from './slot-started.ts';

/** What a thread begins with, before it is known what it is to run. */
export interface SlotThreadStart {
  readonly blobs: MessagePort;
  readonly tier: BlobTier;
  readonly files: MessagePort;
  readonly fileLimits: FileLimits;
}

/** What it is to run. */
export interface SlotThreadDeployment {
  readonly jobId: string;
  readonly bundlePath: string;
  readonly args: readonly string[];
  readonly configuration: Readonly<Record<string, ConfigValue>>;
  readonly overrides: JobGraphOverrides;
  readonly graphHash: string;
  readonly slotIndex: number;
  readonly attempt: number;
  readonly lease: number;
  readonly restore: readonly RestoredSubtaskState[];
  readonly handOver?: SlotHandOverRecord;
  readonly checkpointing: boolean;
  readonly rings: RingMemory;
  readonly metricsIntervalMs: number;
}

/** To the thread; taken in order. */
export type SlotThreadOrder =
  | { readonly type: 'deploy'; readonly deployment: SlotThreadDeployment }
  | { readonly type: 'command'; readonly command: SlotCommand }
  /** Answered by `holding`. */
  | { readonly type: 'hand-over'; readonly from: number }
  | { readonly type: 'leave-behind'; readonly checkpointId: number }
  | { readonly type: 'go-on-behind'; readonly checkpointId: number };

/** From the thread; in order. */
export type SlotThreadWord =
  | { readonly type: 'report'; readonly report: SlotReport }
  /** Once: its first record is taken. */
  | { readonly type: 'started'; readonly marks: SlotThreadMarks }
  | { readonly type: 'holding' }
  | { readonly type: 'may-leave'; readonly checkpointId: number }
  | { readonly type: 'goes-on'; readonly checkpointId: number }
  /** The last: nothing runs in the thread any more. */
  | {
      readonly type: 'ended';
      /** It was left, and is no more released than its successor is. */
      readonly left?: SlotHandOverRecord;
      /** By channel key: frames in its rings that it has not taken. */
      readonly untaken: ReadonlyMap<string, readonly Uint8Array[]>;
    };
