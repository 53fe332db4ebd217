/** What whoever starts a job should know before it runs, although nothing is wrong with it. */
import { statefulOperatorsWithoutUid } from '../../api/index.ts';
import {
  type CheckpointSettings,
  checkpointSettings,
  type RestorePoint,
} from '../../checkpoint/index.ts';
import { sinksBelowMessage } from '../../connectors/index.ts';
import { ConfigOptions, type Configuration, type Logger } from '../../core/index.ts';
import type { StreamGraph } from '../../graph/index.ts';

interface StartingJob {
  readonly graph: StreamGraph;
  readonly configuration: Configuration;
  readonly logger: Logger;
}

/** Logs each once. @param restore what it starts from. */
export function warnAtStart(job: StartingJob, restore: RestorePoint | undefined): void {
  const { intervalMs, mode } = checkpointSettings(job.configuration);
  if (intervalMs !== undefined) warnOfGuarantees(job, mode);
  else warnOfHiddenOutput(job);
  if (restore !== undefined) warnOfEndedSources(job, restore);
}

/** A job that hibernates on AWS runs on here: there is nothing to release. */
export function warnOfHibernation({ configuration, logger }: StartingJob): void {
  if (!configuration.has(ConfigOptions.HIBERNATE_AFTER_MS)) return;
  const option = ConfigOptions.HIBERNATE_AFTER_MS.key;
  const message = `'${option}' has no effect here: a job hibernates on AWS only, it runs on`;
  logger.log('warn', message, { option });
}

/** Says once what checkpoints cannot promise for this job. */
function warnOfGuarantees({ graph, logger }: StartingJob, mode: CheckpointSettings['mode']): void {
  const sinks = graph.nodes.flatMap(({ name, sink }) =>
    sink === undefined ? [] : [{ operatorName: name, sink }],
  );
  const message = sinksBelowMessage(mode, sinks);
  if (message !== undefined) logger.log('warn', message);
  const unnamed = statefulOperatorsWithoutUid(graph);
  if (unnamed.length === 0) return;
  logger.log(
    'info',
    'operators with state have no uid: give them one, so that a changed job finds their state in ' +
      'a savepoint',
    { operators: unnamed.join(', ') },
  );
}

/** Two-phase sinks commit at checkpoints, or when the input ends. */
function warnOfHiddenOutput({ graph, logger }: StartingJob): void {
  const isEndless = graph.nodes.some(
    ({ body }) => body.kind === 'source' && body.source.boundedness !== 'BOUNDED',
  );
  const sinks = graph.nodes.filter(({ sink }) => sink?.createCommitter !== undefined);
  if (!isEndless || sinks.length === 0) return;
  logger.log(
    'warn',
    'sinks show nothing before the input ends, which it does not, because the job takes no ' +
      'checkpoints: set execution.checkpointing.interval',
    { sinks: sinks.map(({ name }) => name).join(', ') },
  );
}

/** A savepoint of `stop --drain` holds sources that have ended: nothing more will come. */
function warnOfEndedSources({ logger }: StartingJob, { manifest, path }: RestorePoint): void {
  const isEnded =
    manifest.vertices.length > 0 &&
    manifest.vertices.every(({ subtasks }) => subtasks.every(({ finished }) => finished));
  if (!isEnded) return;
  logger.log(
    'warn',
    'the input had ended when the savepoint was taken (stop --drain): the job will end at once; ' +
      'use a savepoint taken without --drain to go on',
    { path },
  );
}
