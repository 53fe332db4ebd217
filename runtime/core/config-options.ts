import { BATCH_OPTIONS } from './batch-options.ts';
import { JOB_EXPORT, REST_OPTIONS } from './cluster-options.ts';
import {
  booleanOption,
  type ConfigOption,
  durationOption,
  enumOption,
  integerOption,
  numberOption,
  stringOption,
} from './config-option.ts';
import { SORT_OPTIONS } from './sort-options.ts';

const MAX_PARALLELISM = 32_768;
const MAX_COUNT = 2 ** 31 - 1;

const CHECKPOINTING_OPTIONS = {
  CHECKPOINTING_INTERVAL_MS: durationOption<number | undefined>({
    key: 'execution.checkpointing.interval',
    defaultValue: undefined,
    description: 'time between checkpoints, at least 10 ms; unset: none are taken',
  }),
  CHECKPOINTING_MODE: enumOption({
    key: 'execution.checkpointing.mode',
    defaultValue: 'EXACTLY_ONCE',
    values: ['EXACTLY_ONCE', 'AT_LEAST_ONCE'],
    description: 'how often a record counts in the state after a failure',
  }),
  CHECKPOINTING_TIMEOUT_MS: durationOption({
    key: 'execution.checkpointing.timeout',
    defaultValue: 600_000,
    description: 'a checkpoint that takes longer is aborted; at least 10 ms',
  }),
  CHECKPOINTING_MIN_PAUSE_MS: durationOption({
    key: 'execution.checkpointing.min-pause',
    defaultValue: 0,
    description: 'least time between the end of a checkpoint and the next; above 0: one at a time',
  }),
  CHECKPOINTING_MAX_CONCURRENT: integerOption({
    key: 'execution.checkpointing.max-concurrent-checkpoints',
    defaultValue: 1,
    min: 1,
    max: MAX_COUNT,
    description: 'most checkpoints under way; savepoints do not wait',
  }),
  CHECKPOINTING_TOLERABLE_FAILURES: integerOption({
    key: 'execution.checkpointing.tolerable-failed-checkpoints',
    defaultValue: 0,
    min: 0,
    max: MAX_COUNT,
    description: 'failed checkpoints in a row that do not fail the job',
  }),
  CHECKPOINTING_RETENTION: enumOption({
    key: 'execution.checkpointing.externalized-checkpoint-retention',
    defaultValue: 'NO_EXTERNALIZED_CHECKPOINTS',
    values: ['NO_EXTERNALIZED_CHECKPOINTS', 'RETAIN_ON_CANCELLATION', 'DELETE_ON_CANCELLATION'],
    description: 'whether checkpoints outlive a job that is cancelled or fails',
  }),
  CHECKPOINTING_STORAGE: enumOption({
    key: 'execution.checkpointing.storage',
    aliases: ['state.checkpoint-storage'],
    defaultValue: 'FILESYSTEM',
    values: ['FILESYSTEM'],
    note: 'JOBMANAGER is known to Flink, not supported yet in this version',
    description: 'where checkpoints are kept',
  }),
  CHECKPOINTING_DIR: stringOption<string | undefined>({
    key: 'execution.checkpointing.dir',
    aliases: ['state.checkpoints.dir'],
    defaultValue: undefined,
    description: 'directory of the checkpoints; unset: in the data directory',
  }),
  CHECKPOINTING_SAVEPOINT_DIR: stringOption<string | undefined>({
    key: 'execution.checkpointing.savepoint-dir',
    aliases: ['state.savepoints.dir'],
    defaultValue: undefined,
    description: 'directory of savepoints that name none',
  }),
  CHECKPOINTING_NUM_RETAINED: integerOption({
    key: 'execution.checkpointing.num-retained',
    aliases: ['state.checkpoints.num-retained'],
    defaultValue: 1,
    min: 1,
    max: MAX_COUNT,
    description: 'completed checkpoints that are kept',
  }),
  /** Flink's default is false, which its heap backend ignores; here deltas cost nothing extra. */
  CHECKPOINTING_INCREMENTAL: booleanOption({
    key: 'execution.checkpointing.incremental',
    aliases: ['state.backend.incremental'],
    defaultValue: true,
    description: 'whether checkpoints hold only what has changed; false: all of the state',
  }),
  CHECKPOINTING_UNALIGNED: booleanOption({
    key: 'execution.checkpointing.unaligned.enabled',
    aliases: ['execution.checkpointing.unaligned'],
    defaultValue: false,
    description: 'whether barriers may overtake records',
  }),
  CHECKPOINTING_ALIGNED_TIMEOUT_MS: durationOption({
    key: 'execution.checkpointing.aligned-checkpoint-timeout',
    defaultValue: 0,
    description: 'with unaligned.enabled: barriers overtake records after this time; 0: at once',
  }),
  CHECKPOINTING_AFTER_TASKS_FINISH: booleanOption({
    key: 'execution.checkpointing.checkpoints-after-tasks-finish',
    aliases: ['execution.checkpointing.checkpoints-after-tasks-finish.enabled'],
    defaultValue: true,
    description: 'whether checkpoints go on when some tasks have finished',
  }),
  WEB_CHECKPOINTS_HISTORY: integerOption({
    key: 'web.checkpoints.history',
    defaultValue: 10,
    min: 0,
    max: MAX_COUNT,
    description: 'checkpoints in the statistics',
  }),
} as const;

const RECOVERY_OPTIONS = {
  STATE_RECOVERY_PATH: stringOption<string | undefined>({
    key: 'execution.state-recovery.path',
    aliases: ['execution.savepoint.path'],
    defaultValue: undefined,
    description: 'savepoint or retained checkpoint to start from (-s)',
  }),
  STATE_RECOVERY_IGNORE_UNCLAIMED_STATE: booleanOption({
    key: 'execution.state-recovery.ignore-unclaimed-state',
    aliases: ['execution.savepoint.ignore-unclaimed-state'],
    defaultValue: false,
    description: 'whether state that no operator takes is left behind (-n)',
  }),
  STATE_RECOVERY_CLAIM_MODE: enumOption({
    key: 'execution.state-recovery.claim-mode',
    aliases: ['execution.savepoint-restore-mode'],
    defaultValue: 'NO_CLAIM',
    values: ['CLAIM', 'NO_CLAIM'],
    note: 'LEGACY was removed in Flink 2: with it, nobody owns the files',
    description: 'whether the job owns what it starts from (-cm)',
  }),
} as const;

const RESTART_OPTIONS = {
  RESTART_STRATEGY_TYPE: enumOption({
    key: 'restart-strategy.type',
    aliases: ['restart-strategy'],
    defaultValue: undefined,
    values: [
      'NONE',
      'OFF',
      'DISABLE',
      'FIXED_DELAY',
      'FIXEDDELAY',
      'FAILURE_RATE',
      'FAILURERATE',
      'EXPONENTIAL_DELAY',
      'EXPONENTIALDELAY',
    ],
    description: 'unset: exponential-delay when the job checkpoints, otherwise none',
  }),
  RESTART_FIXED_DELAY_ATTEMPTS: integerOption({
    key: 'restart-strategy.fixed-delay.attempts',
    defaultValue: 1,
    min: 0,
    max: MAX_COUNT,
    description: 'restarts before the job fails',
  }),
  RESTART_FIXED_DELAY_MS: durationOption({
    key: 'restart-strategy.fixed-delay.delay',
    defaultValue: 1000,
    description: 'time before a restart',
  }),
  RESTART_FAILURE_RATE_MAX_FAILURES: integerOption({
    key: 'restart-strategy.failure-rate.max-failures-per-interval',
    defaultValue: 1,
    min: 1,
    max: 10_000,
    description: 'restarts in the interval before the job fails',
  }),
  RESTART_FAILURE_RATE_INTERVAL_MS: durationOption({
    key: 'restart-strategy.failure-rate.failure-rate-interval',
    defaultValue: 60_000,
    description: 'the interval in which failures are counted',
  }),
  RESTART_FAILURE_RATE_DELAY_MS: durationOption({
    key: 'restart-strategy.failure-rate.delay',
    defaultValue: 1000,
    description: 'time before a restart',
  }),
  RESTART_EXPONENTIAL_INITIAL_BACKOFF_MS: durationOption({
    key: 'restart-strategy.exponential-delay.initial-backoff',
    defaultValue: 1000,
    description: 'time before the first restart',
  }),
  RESTART_EXPONENTIAL_MAX_BACKOFF_MS: durationOption({
    key: 'restart-strategy.exponential-delay.max-backoff',
    defaultValue: 60_000,
    description: 'most time before a restart',
  }),
  RESTART_EXPONENTIAL_MULTIPLIER: numberOption({
    key: 'restart-strategy.exponential-delay.backoff-multiplier',
    defaultValue: 1.5,
    min: 1,
    max: 1e9,
    description: 'how the time grows from restart to restart',
  }),
  RESTART_EXPONENTIAL_JITTER_FACTOR: numberOption({
    key: 'restart-strategy.exponential-delay.jitter-factor',
    defaultValue: 0.1,
    min: 0,
    max: 1,
    description: 'part of the time by which it varies either way',
  }),
  RESTART_EXPONENTIAL_RESET_THRESHOLD_MS: durationOption({
    key: 'restart-strategy.exponential-delay.reset-backoff-threshold',
    defaultValue: 3_600_000,
    description: 'a job that ran this long starts over with the initial backoff',
  }),
  RESTART_EXPONENTIAL_ATTEMPTS: integerOption({
    key: 'restart-strategy.exponential-delay.attempts-before-reset-backoff',
    defaultValue: MAX_COUNT,
    min: 1,
    max: MAX_COUNT,
    description: 'restarts without such a run before the job fails',
  }),
  WEB_EXCEPTION_HISTORY_SIZE: integerOption({
    key: 'web.exception-history-size',
    defaultValue: 16,
    min: 1,
    max: 10_000,
    description: 'failures in the history of exceptions',
  }),
} as const;

/** This project's own: of jobs on AWS. */
const HIBERNATION_OPTIONS = {
  HIBERNATE_AFTER_MS: durationOption<number | undefined>({
    key: 'sluice.hibernate-after',
    defaultValue: undefined,
    description:
      'a job on AWS whose sources are idle for so long takes a checkpoint and runs nothing until ' +
      'something wakes it; unset: it always runs',
  }),
  WAKE_EVENTS: stringOption<string | undefined>({
    key: 'sluice.wake-events',
    defaultValue: undefined,
    description:
      'which events of the default event bus wake a job that hibernates: an event pattern of ' +
      'EventBridge, as JSON; unset: those that its sources name',
  }),
  WAKE_SCHEDULE: stringOption<string | undefined>({
    key: 'sluice.wake-schedule',
    defaultValue: undefined,
    description:
      'when a job that hibernates is woken, in UTC: rate(1 hour), cron(0 8 ? * MON-FRI *); ' +
      'unset: when it has something to do, or is asked to',
  }),
} as const;

/** Of a job that ends with the client that has started it. */
const CLIENT_OPTIONS = {
  EXECUTION_ATTACHED: booleanOption({
    key: 'execution.attached',
    defaultValue: false,
    description: 'whether the client waits for the end of the job',
  }),
  SHUTDOWN_ON_ATTACHED_EXIT: booleanOption({
    key: 'execution.shutdown-on-attached-exit',
    defaultValue: false,
    description: 'whether a cluster cancels the job of an attached client that is gone',
  }),
  CLIENT_HEARTBEAT_TIMEOUT_MS: durationOption({
    key: 'client.heartbeat.timeout',
    defaultValue: 180_000,
    description: 'an attached client that has not been heard of for so long is gone',
  }),
  CLIENT_HEARTBEAT_INTERVAL_MS: durationOption({
    key: 'client.heartbeat.interval',
    defaultValue: 30_000,
    description: 'how often an attached client tells the cluster that it is there',
  }),
  REST_PORT: integerOption({
    key: 'rest.port',
    defaultValue: 8081,
    min: 0,
    max: 65_535,
    description: 'port a cluster listens on, and commands go to when they are not given -m',
  }),
  CLIENT_TIMEOUT_MS: durationOption({
    key: 'client.timeout',
    defaultValue: 60_000,
    description: 'how long a command waits for the result of an operation',
  }),
} as const;

/** Of a cluster: where its metrics go. */
const METRICS_OPTIONS = {
  METRICS_REPORTERS: enumOption({
    key: 'metrics.reporters',
    defaultValue: 'NONE',
    values: ['NONE', 'OTEL'],
    note: 'Prometheus needs none: GET /metrics',
    description:
      'whether a cluster exports its metrics though no endpoint is set: to localhost:4318',
  }),
  OTEL_ENDPOINT: stringOption<string | undefined>({
    key: 'metrics.reporter.otel.exporter.endpoint',
    defaultValue: undefined,
    description:
      'where a collector takes OTLP over HTTP: http://host:4318; unset: what ' +
      'OTEL_EXPORTER_OTLP_ENDPOINT says',
  }),
  OTEL_TIMEOUT_MS: durationOption({
    key: 'metrics.reporter.otel.exporter.timeout',
    defaultValue: 10_000,
    description: 'how long a collector is waited for',
  }),
  OTEL_INTERVAL_MS: durationOption({
    key: 'metrics.reporter.otel.interval',
    defaultValue: 10_000,
    description: 'time between two exports of all metrics',
  }),
  OTEL_SERVICE_NAME: stringOption({
    key: 'metrics.reporter.otel.service.name',
    defaultValue: 'sluice',
    description: 'as what the cluster is known to the collector',
  }),
} as const;

/** Of a cluster: ended jobs it still tells of. */
const JOBSTORE_OPTIONS = {
  JOBSTORE_MAX_CAPACITY: integerOption({
    key: 'jobstore.max-capacity',
    defaultValue: MAX_COUNT,
    min: 1,
    max: MAX_COUNT,
    description: 'how many ended jobs a cluster lists; the one that ended first goes first',
  }),
  JOBSTORE_EXPIRATION_S: integerOption({
    key: 'jobstore.expiration-time',
    defaultValue: 3600,
    min: 1,
    max: MAX_COUNT,
    description: 'how long a cluster lists a job that has ended, in seconds',
  }),
} as const;

/** Of a cluster: what looks into its processes. Flink turns the first two off unless told so. */
const INSPECTION_OPTIONS = {
  HEARTBEAT_INTERVAL_MS: durationOption({
    key: 'heartbeat.interval',
    defaultValue: 10_000,
    description:
      'how often a TaskManager of this machine is asked whether it lives, and tells its memory',
  }),
  HEARTBEAT_TIMEOUT_MS: durationOption({
    key: 'heartbeat.timeout',
    defaultValue: 50_000,
    description:
      'a TaskManager of this machine that left as many of these questions unanswered as fit into ' +
      'it is killed, and its job restarts',
  }),
  FLAME_GRAPH_ENABLED: booleanOption({
    key: 'rest.flamegraph.enabled',
    defaultValue: true,
    description: 'whether threads are sampled when somebody asks for a flame graph',
  }),
  FLAME_GRAPH_REFRESH_INTERVAL_MS: durationOption({
    key: 'rest.flamegraph.refresh-interval',
    defaultValue: 60_000,
    description: 'a flame graph that is older is sampled anew when it is asked for',
  }),
  FLAME_GRAPH_CLEANUP_INTERVAL_MS: durationOption({
    key: 'rest.flamegraph.cleanup-interval',
    defaultValue: 600_000,
    description: 'a flame graph that nobody has asked for in this time is forgotten',
  }),
  FLAME_GRAPH_SAMPLE_COUNT: integerOption({
    key: 'rest.flamegraph.num-samples',
    defaultValue: 100,
    min: 1,
    max: 100_000,
    description: 'samples of a flame graph, of each thread',
  }),
  FLAME_GRAPH_DELAY_MS: durationOption({
    key: 'rest.flamegraph.delay-between-samples',
    defaultValue: 50,
    description: 'time between two samples of a flame graph',
  }),
  PROFILING_ENABLED: booleanOption({
    key: 'rest.profiling.enabled',
    defaultValue: true,
    description: 'whether profiles of processes can be taken',
  }),
  PROFILING_MAX_DURATION_MS: durationOption({
    key: 'rest.profiling.duration-max',
    defaultValue: 300_000,
    description: 'longest profile',
  }),
  PROFILING_HISTORY_SIZE: integerOption({
    key: 'rest.profiling.history-size',
    defaultValue: 10,
    min: 1,
    max: 1000,
    description: 'profiles of a process that are kept',
  }),
} as const;

/** Every option that has an effect in this version. Names and defaults are Flink's. */
export const ConfigOptions = {
  DEFAULT_PARALLELISM: integerOption({
    key: 'parallelism.default',
    aliases: ['execution.parallelism'],
    defaultValue: 1,
    min: 1,
    max: MAX_PARALLELISM,
    description: 'parallelism of an operator that sets none',
  }),
  MAX_PARALLELISM: integerOption({
    key: 'pipeline.max-parallelism',
    defaultValue: -1,
    min: 1,
    max: MAX_PARALLELISM,
    also: [-1],
    description: 'number of key groups; -1 derives it from the parallelism',
  }),
  PIPELINE_NAME: stringOption<string | undefined>({
    key: 'pipeline.name',
    defaultValue: undefined,
    description: 'name of the job',
  }),
  OPERATOR_CHAINING: booleanOption({
    key: 'pipeline.operator-chaining.enabled',
    aliases: ['pipeline.operator-chaining'],
    defaultValue: true,
    description: 'whether forward operators run in one task',
  }),
  AUTO_WATERMARK_INTERVAL_MS: durationOption({
    key: 'pipeline.auto-watermark-interval',
    defaultValue: 200,
    description: 'period of onPeriodicEmit; 0 turns it off',
  }),
  ALLOW_UNALIGNED_SOURCE_SPLITS: booleanOption({
    key: 'pipeline.watermark-alignment.allow-unaligned-source-splits',
    defaultValue: false,
    description: 'whether readers that cannot pause single splits are aligned as a whole',
  }),
  ...BATCH_OPTIONS,
  TASK_CANCELLATION_TIMEOUT_MS: durationOption({
    key: 'task.cancellation.timeout',
    defaultValue: 180_000,
    description: 'a task that has not stopped by then is ended with its slot; 0 waits for ever',
  }),
  BUFFER_TIMEOUT_ENABLED: booleanOption({
    key: 'execution.buffer-timeout.enabled',
    defaultValue: true,
    description: 'whether a buffer that is not full is sent after the interval',
  }),
  BUFFER_TIMEOUT_INTERVAL_MS: durationOption({
    key: 'execution.buffer-timeout.interval',
    aliases: ['execution.buffer-timeout'],
    defaultValue: 100,
    description: 'longest time a record waits in a buffer; 0 sends each at once',
  }),
  ...CHECKPOINTING_OPTIONS,
  ...RECOVERY_OPTIONS,
  ...RESTART_OPTIONS,
  ...CLIENT_OPTIONS,
  ...METRICS_OPTIONS,
  ...JOBSTORE_OPTIONS,
  ...HIBERNATION_OPTIONS,
  ...REST_OPTIONS,
  ...SORT_OPTIONS,
  JOB_EXPORT,
  ...INSPECTION_OPTIONS,
} as const;

/** All of {@link ConfigOptions}, by every name they go by. */
export const OPTIONS_BY_NAME: ReadonlyMap<string, ConfigOption<unknown>> = new Map(
  Object.values<ConfigOption<unknown>>(ConfigOptions).flatMap((option) =>
    [option.key, ...option.aliases].map((name) => [name, option] as const),
  ),
);
