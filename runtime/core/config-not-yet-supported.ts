/**
 * Options that Flink has and this version does not: refused as such, so that a typing mistake and
 * a missing feature are told apart. An option moves to `config-options.ts` with its effect.
 *
 * @see https://nightlies.apache.org/flink/flink-docs-release-2.1/docs/deployment/config/
 */
const NAMES_BY_PREFIX: Readonly<Record<string, string>> = {
  client: 'timeout',
  execution: `
    attached batch-shuffle-mode batch.adaptive.auto-parallelism.enabled
    batch.job-recovery.enabled batch.speculative.enabled
    checkpointing.aligned-checkpoint-timeout checkpointing.checkpoints-after-tasks-finish
    checkpointing.cleaner.parallel-mode checkpointing.create-subdir
    checkpointing.data-inline-threshold checkpointing.dir
    checkpointing.externalized-checkpoint-retention checkpointing.file-merging.enabled
    checkpointing.incremental checkpointing.interval checkpointing.interval-during-backlog
    checkpointing.local-backup.enabled checkpointing.max-concurrent-checkpoints
    checkpointing.min-pause checkpointing.mode checkpointing.num-retained
    checkpointing.savepoint-dir checkpointing.snapshot-compression checkpointing.storage
    checkpointing.timeout checkpointing.tolerable-failed-checkpoints checkpointing.unaligned
    checkpointing.unaligned.enabled checkpointing.unaligned.forced
    checkpointing.unaligned.interruptible-timers.enabled savepoint-restore-mode
    savepoint.ignore-unclaimed-state savepoint.path shutdown-on-attached-exit
    state-recovery.claim-mode state-recovery.from-local state-recovery.ignore-unclaimed-state
    state-recovery.path state-recovery.without-channel-state.checkpoint-id target
  `,
  heartbeat: 'interval timeout',
  'high-availability': 'cluster-id storageDir type',
  historyserver: 'archive.fs.dir web.port',
  jobmanager: `
    adaptive-scheduler.executing.cooldown-after-rescaling
    adaptive-scheduler.executing.resource-stabilization-timeout
    adaptive-scheduler.rescale-trigger.max-checkpoint-failures
    adaptive-scheduler.submission.resource-stabilization-timeout
    adaptive-scheduler.submission.resource-wait-timeout archive.fs.dir
    execution.failover-strategy scheduler
  `,
  jobstore: 'expiration-time',
  metrics: 'fetcher.update-interval latency.interval reporters',
  pipeline: `
    auto-generate-uids classpaths global-job-parameters jars jobvertex-parallelism-overrides
    object-reuse operator-chaining.chain-operators-with-different-max-parallelism
    vertex-description-mode vertex-name-include-index-prefix
    watermark-alignment.allow-unaligned-source-splits
  `,
  rest: `
    address async.store-duration bind-port flamegraph.enabled port profiling.enabled
    retry.delay retry.max-attempts
  `,
  '': 'restart-strategy scheduler-mode',
  'restart-strategy': `
    exponential-delay.attempts-before-reset-backoff exponential-delay.backoff-multiplier
    exponential-delay.initial-backoff exponential-delay.jitter-factor
    exponential-delay.max-backoff exponential-delay.reset-backoff-threshold failure-rate.delay
    failure-rate.failure-rate-interval failure-rate.max-failures-per-interval
    fixed-delay.attempts fixed-delay.delay type
  `,
  sink: 'committer.retries',
  slot: 'idle.timeout request.timeout',
  slotmanager: 'number-of-slots.max',
  state: `
    backend backend.incremental backend.local-recovery backend.type changelog.enabled
    checkpoint-storage checkpoints.dir checkpoints.num-retained
    latency-track.keyed-state-enabled savepoints.dir storage.fs.memory-threshold
  `,
  table: 'exec.mini-batch.enabled exec.source.idle-timeout exec.state.ttl',
  task: 'cancellation.interval cancellation.timeout',
  taskmanager: `
    memory.flink.size memory.managed.fraction memory.network.fraction memory.process.size
    network.memory.buffer-debloat.enabled numberOfTaskSlots
  `,
  web: `
    access-control-allow-origin cancel.enable checkpoints.history exception-history-size
    history refresh-interval rescale.enable submit.enable upload.dir
  `,
};

/** The full names. */
export const OPTIONS_NOT_YET_SUPPORTED: ReadonlySet<string> = new Set(
  Object.entries(NAMES_BY_PREFIX).flatMap(([prefix, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => (prefix === '' ? name : `${prefix}.${name}`)),
  ),
);

/** Families of Flink options whose members are named by the user. */
export const PREFIXES_NOT_YET_SUPPORTED: readonly string[] = [
  'metrics.reporter.',
  'metrics.scope.',
];
