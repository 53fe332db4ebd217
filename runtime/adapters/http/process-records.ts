/** What a cluster tells of its processes: TaskManagers and the JobManager. Ports of the routes. */
import type { HttpContent } from './http-records.ts';

/** What was measured of a process and its threads. Bytes are sums over its V8 heaps. */
export interface ProcessStatistics {
  readonly measuredAtEpochMs: number;
  readonly heapUsedBytes: number;
  readonly heapCommittedBytes: number;
  readonly heapMaxBytes: number;
  /** What V8 itself has allocated besides: no objects, no buffers. */
  readonly nonHeapUsedBytes: number;
  readonly nonHeapCommittedBytes: number;
  /** Buffers outside the heaps. */
  readonly directUsedBytes: number;
  readonly residentBytes: number;
  /** Of the rings between its slots. */
  readonly networkTotalBytes: number;
  readonly networkUsedBytes: number;
  /** Since it started, on all cores. */
  readonly cpuTimeMs: number;
  /** Of the last seconds: 1 is one core. */
  readonly cpuLoad: number;
  /** Those that run JavaScript. */
  readonly threadCount: number;
  /** Of the machine. */
  readonly cpuCount: number;
  readonly physicalMemoryBytes: number;
  readonly freeMemoryBytes: number;
}

/** A TaskManager as it is listed. */
export interface TaskManagerView {
  readonly taskManagerId: string;
  /** What stands for its address. */
  readonly endpoint: string;
  readonly slotCount: number;
  /** The jobs of its slots that are taken, a name for each slot. */
  readonly jobIdsOfSlots: readonly string[];
  /** Undefined: nothing was heard of it yet. */
  readonly heartbeatAtEpochMs: number | undefined;
  /** Undefined: it does not tell. */
  readonly statistics: ProcessStatistics | undefined;
  /** What it was given, where it does not tell. Absent: not known. */
  readonly given?: GivenHardware;
}

export interface GivenHardware {
  /** Of all its slots. */
  readonly cpuCount: number;
  readonly memoryBytes: number;
}

export interface LogFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly changedAtEpochMs: number;
}

/** What a thread does. */
export interface ThreadDump {
  readonly name: string;
  /** Several lines, as `jstack` prints one. */
  readonly text: string;
}

export const PROFILING_MODES = ['CPU', 'ITIMER', 'ALLOC', 'WALL', 'LOCK'] as const;
export type ProfilingMode = (typeof PROFILING_MODES)[number];

/** A profile that was asked for. */
export interface Profiling {
  readonly status: 'RUNNING' | 'FINISHED' | 'FAILED';
  readonly mode: ProfilingMode;
  readonly durationS: number;
  readonly triggeredAtEpochMs: number;
  readonly finishedAtEpochMs: number | undefined;
  /** Why it failed, or what it is. */
  readonly message: string;
  /** Undefined: it is not there. */
  readonly fileName: string | undefined;
}

/**
 * Port: a process of the cluster that can be looked into. What a kind of cluster cannot tell is
 * refused with a reason.
 */
export interface ClusterProcess {
  /** As they are now. Undefined: it does not tell. */
  statistics(): Promise<ProcessStatistics | undefined>;
  /** Newest first. */
  logFiles(): Promise<readonly LogFile[]>;
  /** Undefined: no file of {@link logFiles}, whatever lies there. */
  readLog(name: string): Promise<HttpContent | undefined>;
  /** Its own log, and what was printed in it. Undefined: it has none. */
  readonly logName: string | undefined;
  readonly stdoutName: string | undefined;
  /** @throws {HttpRefusal} it cannot be taken. */
  threadDump(): Promise<readonly ThreadDump[]>;
  /** @throws {HttpRefusal} 400, 409. */
  profile(mode: ProfilingMode, durationS: number): Promise<Profiling>;
  /** Newest first. @throws {HttpRefusal} */
  profilings(): Promise<readonly Profiling[]>;
  /** Undefined: no file of {@link profilings}. */
  readProfile(fileName: string): Promise<HttpContent | undefined>;
}

export interface ClusterTaskManager extends ClusterProcess {
  readonly view: TaskManagerView;
}

export interface ClusterJobManager extends ClusterProcess {
  /** Effective options, by name. May hold secrets. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly environment: {
    readonly version: string;
    readonly arch: string;
    readonly options: readonly string[];
    readonly modules: readonly string[];
  };
}

export const FLAME_GRAPH_TYPES = ['full', 'on_cpu', 'off_cpu'] as const;
export type FlameGraphType = (typeof FLAME_GRAPH_TYPES)[number];

/** A frame, the samples that saw it, and the frames it had called. */
export interface FlameGraphNode {
  readonly name: string;
  readonly value: number;
  readonly children: readonly FlameGraphNode[];
}

export interface AskedFlameGraph {
  readonly jobId: string;
  readonly vertexId: string;
  readonly type: FlameGraphType;
  /** Undefined: of all of them. */
  readonly subtaskIndex: number | undefined;
  /** Of the subtasks that are asked for. */
  readonly slotIndexes: readonly number[];
}

/** As Flink's, which tells by a time below zero why there is none. */
export type FlameGraph =
  | { readonly endEpochMs: number; readonly root: FlameGraphNode }
  | { readonly why: 'terminated' | 'disabled' | 'waiting' };

/** Port: the processes of a cluster. */
export interface ClusterProcesses {
  readonly jobManager: ClusterJobManager;
  /** As many as {@link taskManagers} lists; asked more often. */
  countTaskManagers(): Promise<number>;
  /** Those that are there. */
  taskManagers(): Promise<readonly TaskManagerView[]>;
  /** Of one that is gone, too, for as long as its logs are kept. */
  taskManager(taskManagerId: string): Promise<ClusterTaskManager | undefined>;
  flameGraph(asked: AskedFlameGraph): Promise<FlameGraph>;
}
