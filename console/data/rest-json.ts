/** Answers of the REST interface, as far as the console reads them. Times: epoch ms; -1 for none. */

/** Milliseconds. */
export type Millis = number;

export type Bytes = number;

export type JobState =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED'
  | 'RESTARTING'
  | 'SUSPENDED'
  | 'RECONCILING';

export type TaskState =
  | 'CREATED'
  | 'SCHEDULED'
  | 'DEPLOYING'
  | 'INITIALIZING'
  | 'RUNNING'
  | 'FINISHED'
  | 'CANCELING'
  | 'CANCELED'
  | 'FAILED'
  | 'RECONCILING';

/** `GET /config`. */
export interface ConfigJson {
  readonly 'refresh-interval': Millis;
  readonly 'flink-version': string;
  /** Not one of Flink's. */
  readonly 'data-directory'?: string;
  readonly features: Readonly<
    Partial<Record<'web-submit' | 'web-cancel' | 'web-rescale' | 'web-history', boolean>>
  >;
}

/** `GET /overview`. */
export interface OverviewJson {
  readonly taskmanagers: number;
  readonly 'slots-total': number;
  readonly 'slots-available': number;
  readonly 'jobs-running': number;
  readonly 'jobs-finished': number;
  readonly 'jobs-cancelled': number;
  readonly 'jobs-failed': number;
  readonly 'flink-version': string;
}

interface Times {
  readonly 'start-time': number;
  readonly 'end-time': number;
  readonly duration: Millis;
}

/** Of `GET /jobs/overview`. */
export interface JobOverviewJson extends Times {
  readonly jid: string;
  readonly name: string;
  readonly state: JobState;
  /** By state in lower case, and `total`. */
  readonly tasks: Readonly<Record<string, number>>;
}

/** What tasks have read and written, and how their time was spent. */
export interface IoMetricsJson {
  readonly 'read-bytes': number;
  /** False: of some subtask it is not known. */
  readonly 'read-bytes-complete': boolean;
  readonly 'write-bytes': number;
  readonly 'write-bytes-complete': boolean;
  readonly 'read-records': number;
  readonly 'read-records-complete': boolean;
  readonly 'write-records': number;
  readonly 'write-records-complete': boolean;
  readonly 'accumulated-backpressured-time': Millis;
  readonly 'accumulated-idle-time': Millis;
  readonly 'accumulated-busy-time': Millis;
}

export interface JobVertexJson extends Times {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly status: TaskState;
  readonly tasks: Readonly<Record<string, number>>;
  readonly metrics: IoMetricsJson;
}

export interface PlanInputJson {
  readonly num: number;
  readonly id: string;
  readonly ship_strategy: string;
}

export interface PlanNodeJson {
  readonly id: string;
  readonly parallelism: number;
  /** HTML, escaped, with `<br/>`. */
  readonly description: string;
  readonly inputs?: readonly PlanInputJson[];
}

export interface PlanJson {
  readonly jid: string;
  readonly name: string;
  readonly nodes: readonly PlanNodeJson[];
}

/** `GET /jobs/:jobid`. */
export interface JobJson extends Times {
  readonly jid: string;
  readonly name: string;
  readonly state: JobState;
  readonly now: number;
  readonly maxParallelism: number;
  readonly timestamps: Readonly<Record<string, number>>;
  readonly vertices: readonly JobVertexJson[];
  readonly plan: PlanJson;
  readonly hibernation?: {
    readonly since: number;
    readonly 'wakes-at': number | null;
    readonly 'wake-schedule': string | null;
  };
}

export interface SubtaskJson extends Times {
  readonly subtask: number;
  readonly status: TaskState;
  readonly attempt: number;
  readonly endpoint: string;
  readonly 'taskmanager-id': string;
  readonly metrics: IoMetricsJson;
}

/** `GET /jobs/:jobid/vertices/:vertexid`. */
export interface VertexJson {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly now: number;
  readonly subtasks: readonly SubtaskJson[];
}

/** `GET …/subtasktimes`. */
export interface SubtaskTimesJson {
  readonly id: string;
  readonly now: number;
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly endpoint: string;
    readonly timestamps: Readonly<Record<string, number>>;
  }[];
}

/** `GET …/backpressure`. */
export interface BackPressureJson {
  readonly status: string;
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly ratio: number;
    readonly idleRatio: number;
    readonly busyRatio: number;
  }[];
}

export interface MetricJson {
  readonly id: string;
  readonly value?: string;
}

export interface AggregateJson {
  readonly id: string;
  readonly min?: number;
  readonly max?: number;
  readonly avg?: number;
  readonly sum?: number;
  readonly skew?: number;
}

export interface ExceptionJson {
  readonly exceptionName: string;
  readonly stacktrace: string;
  readonly timestamp: number;
  readonly taskName: string | null;
  readonly endpoint: string | null;
  readonly taskManagerId?: string | null;
  readonly concurrentExceptions: readonly ExceptionJson[];
}

/** `GET /jobs/:jobid/exceptions`. */
export interface ExceptionsJson {
  readonly exceptionHistory: {
    readonly entries: readonly ExceptionJson[];
    readonly truncated: boolean;
  };
}

/** `GET /jobs/:jobid/config`. */
export interface JobConfigJson {
  readonly 'execution-config': {
    readonly 'restart-strategy': string;
    readonly 'job-parallelism': number;
    readonly 'object-reuse-mode': boolean;
    readonly 'user-config': Readonly<Record<string, unknown>>;
  };
}

export interface CheckpointJson {
  readonly id: number;
  readonly status: 'COMPLETED' | 'IN_PROGRESS' | 'FAILED';
  readonly is_savepoint: boolean;
  readonly trigger_timestamp: number;
  readonly end_to_end_duration: Millis;
  readonly state_size: Bytes;
  readonly checkpointed_size: Bytes;
  readonly processed_data: Bytes;
  readonly persisted_data: Bytes;
  readonly checkpoint_type: string;
  readonly num_subtasks: number;
  readonly num_acknowledged_subtasks: number;
  readonly external_path?: string;
  readonly discarded?: boolean;
  readonly tasks?: Readonly<Record<string, CheckpointTaskJson>>;
  readonly failure_message?: string;
}

/** Of one vertex. */
export interface CheckpointTaskJson {
  readonly latest_ack_timestamp: number;
  readonly end_to_end_duration: Millis;
  readonly state_size: Bytes;
  readonly checkpointed_size: Bytes;
  readonly num_subtasks: number;
  readonly num_acknowledged_subtasks: number;
}

/** `GET …/checkpoints/details/:checkpointid/subtasks/:vertexid`. */
export interface CheckpointSubtasksJson extends CheckpointTaskJson {
  readonly subtasks: readonly CheckpointSubtaskJson[];
}

export interface CheckpointSubtaskJson {
  readonly index: number;
  readonly status: string;
  /** Absent with all that follows: it has not acknowledged. */
  readonly ack_timestamp?: number;
  readonly end_to_end_duration?: Millis;
  readonly state_size?: Bytes;
  readonly checkpointed_size?: Bytes;
  readonly checkpoint?: { readonly sync: Millis; readonly async: Millis };
  readonly alignment?: {
    readonly processed: Bytes;
    readonly persisted: Bytes;
    readonly duration: Millis;
  };
  readonly start_delay?: Millis;
  readonly unaligned_checkpoint?: boolean;
}

/** `GET …/checkpoints/config`. */
export interface CheckpointConfigJson {
  readonly mode: string;
  readonly interval: Millis;
  readonly timeout: Millis;
  readonly min_pause: Millis;
  readonly max_concurrent: number;
  readonly externalization: { readonly enabled: boolean; readonly delete_on_cancellation: boolean };
  readonly unaligned_checkpoints: boolean;
  readonly aligned_checkpoint_timeout: Millis;
  readonly tolerable_failed_checkpoints: number;
  readonly checkpoints_after_tasks_finish: boolean;
}

/** `GET /jobs/:jobid/checkpoints`. */
export interface CheckpointsJson {
  readonly counts: Readonly<
    Record<'restored' | 'total' | 'in_progress' | 'completed' | 'failed', number>
  >;
  readonly latest: {
    readonly completed: CheckpointJson | null;
    readonly savepoint: CheckpointJson | null;
    readonly failed: CheckpointJson | null;
  };
  readonly history: readonly CheckpointJson[];
}

/** A failure inside an answer. */
export interface FailureJson {
  readonly class?: string;
  readonly 'stack-trace'?: string;
}

/** The state of what was triggered: a savepoint, a stop, a rescale. */
export interface OperationJson {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation?: {
    readonly location?: string;
    readonly checkpointId?: number;
    readonly 'failure-cause'?: FailureJson;
    readonly failureCause?: FailureJson;
  };
}

/** Of `GET /jars`: a program that was uploaded. */
export interface ProgramJson {
  readonly id: string;
  readonly name: string;
  readonly uploaded: number;
  readonly entry: readonly { readonly name: string; readonly description?: string | null }[];
}

/** Of `GET /taskmanagers`. */
export interface TaskManagerJson {
  readonly id: string;
  readonly path: string;
  readonly timeSinceLastHeartbeat: number;
  readonly slotsNumber: number;
  readonly freeSlots: number;
  readonly hardware: {
    readonly cpuCores: number;
    readonly physicalMemory: Bytes;
    readonly freeMemory: Bytes;
  };
}

/** `GET /taskmanagers/:taskmanagerid`. Memory in bytes. */
export interface TaskManagerDetailsJson extends TaskManagerJson {
  readonly metrics: Readonly<
    Record<
      | 'heapUsed'
      | 'heapCommitted'
      | 'heapMax'
      | 'nonHeapUsed'
      | 'directUsed'
      | 'nettyShuffleMemoryUsed'
      | 'nettyShuffleMemoryTotal',
      Bytes
    >
  >;
  readonly allocatedSlots: readonly { readonly jobId: string }[];
}

/** Of `GET …/logs`. */
export interface LogFileJson {
  readonly name: string;
  readonly size: Bytes;
  readonly mtime: number;
}

/** Of `GET …/thread-dump`. */
export interface ThreadJson {
  readonly threadName: string;
  readonly stringifiedThreadInfo: string;
}

/** `GET /jobmanager/environment`. */
export interface EnvironmentJson {
  readonly jvm: {
    readonly version: string;
    readonly arch: string;
    readonly options: readonly string[];
  };
  readonly classpath: readonly string[];
}
