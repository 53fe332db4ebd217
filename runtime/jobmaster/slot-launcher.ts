import type { DecidedParallelism, ExecutionGraph, JobGraphOverrides } from '../graph/index.ts';
import type {
  RestoredSubtaskState,
  ResultPlace,
  SlotCommand,
  SlotReport,
} from '../protocol/index.ts';
import type { RestoredFrom } from './turn-messages.ts';

/** What a launched slot tells. */
export interface SlotEvents {
  readonly onReport: (report: SlotReport) => void;
  /** The slot ended without `released`; nothing more comes from it. */
  readonly onLost: (error: Error) => void;
}

/** The process that runs a slot, as the cluster lists it. */
export interface SlotPlace {
  readonly taskManagerId: string;
  /** `host:port`, or what stands for it. */
  readonly endpoint: string;
}

export interface SlotHandle {
  /** Undefined: the cluster lists no such processes, or names them by their slots. */
  readonly place?: SlotPlace | undefined;
  /** Commands arrive in order; those to a slot that is gone are dropped. */
  send(command: SlotCommand): void;
  /** Ends the slot whatever it does; settles when it is gone. Idempotent. */
  terminate(): Promise<void>;
}

/** One attempt of one region. */
export interface RegionLaunch {
  readonly executionGraph: ExecutionGraph;
  /** With these the slots' graphs become the execution graph's. */
  readonly overrides: JobGraphOverrides;
  readonly attempt: number;
  /** Where the state comes from that `slots` are given; undefined: they begin without. */
  readonly restoredFrom?: RestoredFrom | undefined;
  readonly slots: readonly SlotLaunch[];
  /** Of a job with blocking edges. */
  readonly results?: ResultPlace;
  /** By vertex: what the layout has become since it was planned. */
  readonly decided?: DecidedParallelism;
}

export interface SlotLaunch {
  readonly slotIndex: number;
  readonly restore: readonly RestoredSubtaskState[];
  readonly events: SlotEvents;
}

/**
 * Starts slots. Needs: reports of a slot arrive in order, after `launch` has returned; the slots
 * of a launch share channels with each other and with nobody else, earlier attempts included.
 */
export interface SlotLauncher {
  /** One handle a slot, in the order of `slots`. */
  launch(region: RegionLaunch): readonly SlotHandle[];
}

/** A launcher whose slots outlive the process that has launched them. */
export interface AttachingLauncher extends SlotLauncher {
  /** As `launch`, of an attempt that an earlier process has launched: starts nothing. */
  attach(region: RegionLaunch): readonly SlotHandle[];
}
