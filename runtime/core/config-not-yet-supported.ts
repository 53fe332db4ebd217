/**
 * Options that Flink has and this version does not: refused as such, so that a typing mistake and
 * a missing feature are told apart. An option moves to `config-options.ts` with its effect.
 *
 * @see https://nightlies.apache.org/flink/flink-docs-release-2.1/docs/deployment/config/
 */
const NAMES_BY_PREFIX: Readonly<Record<string, string>> = {
  client: 'timeout',
  execution: `
    batch.job-recovery.enabled batch.speculative.enabled
    checkpointing.cleaner.parallel-mode checkpointing.create-subdir
    checkpointing.data-inline-threshold
    checkpointing.file-merging.enabled checkpointing.interval-during-backlog
    checkpointing.local-backup.enabled checkpointing.snapshot-compression
    checkpointing.unaligned.forced checkpointing.unaligned.interruptible-timers.enabled
    state-recovery.from-local
    state-recovery.without-channel-state.checkpoint-id target
  `,
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
  metrics: 'fetcher.update-interval latency.interval',
  pipeline: `
    auto-generate-uids classpaths global-job-parameters jars jobvertex-parallelism-overrides
    object-reuse operator-chaining.chain-operators-with-different-max-parallelism
    vertex-description-mode vertex-name-include-index-prefix
  `,
  rest: `
    async.store-duration bind-port flamegraph.enabled port profiling.enabled
    address async.store-duration bind-port port
    retry.delay retry.max-attempts
  `,
  '': 'scheduler-mode',
  sink: 'committer.retries',
  slot: 'idle.timeout request.timeout',
  slotmanager: 'number-of-slots.max',
  state: `
    backend backend.local-recovery backend.type changelog.enabled
    latency-track.keyed-state-enabled storage.fs.memory-threshold
  `,
  table: 'exec.mini-batch.enabled exec.source.idle-timeout exec.state.ttl',
  task: 'cancellation.interval',
  taskmanager: `
    memory.flink.size memory.managed.fraction memory.network.fraction memory.process.size
    network.memory.buffer-debloat.enabled numberOfTaskSlots
  `,
  web: `
    history
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
