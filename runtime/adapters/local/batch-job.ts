/** What is different about a job in BATCH where it starts: pure, but for the directory. */
import { randomUUID } from 'node:crypto';
import { rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CheckpointSettings, checkpointSettings } from '../../checkpoint/index.ts';
import { ConfigOptions, type Configuration, StreamError } from '../../core/index.ts';
import type { StageLimits } from '../../graph/index.ts';
import { type ResultStorage, removeFiles } from '../../jobmaster/index.ts';
import type { JobStart } from './start-job.ts';

/** Nothing of it is checkpointed: a stage that fails reads again what those before it have stored. */
export function settingsOf({
  configuration,
  graph,
}: Pick<JobStart, 'configuration' | 'graph'>): CheckpointSettings {
  const { intervalMs, ...settings } = checkpointSettings(configuration);
  if (graph.jobType === 'BATCH' || intervalMs === undefined) return settings;
  return { ...settings, intervalMs };
}

/** Of stages whose parallelism nobody has set. */
export function stageLimits(configuration: Configuration): Omit<StageLimits, 'maxParallelism'> {
  return {
    minParallelism: configuration.get(ConfigOptions.AUTO_PARALLELISM_MIN),
    bytesPerTask: configuration.get(ConfigOptions.AUTO_PARALLELISM_BYTES),
  };
}

/**
 * A directory for what goes between stages; undefined: nothing does.
 *
 * @throws {StreamError} `NOT_IN_BATCH`, `NOT_SUPPORTED` what a job in BATCH cannot have.
 */
export async function openResults(start: JobStart): Promise<ResultStorage | undefined> {
  const { graph, configuration, jobId, fileSystem, logger, isRecovered } = start;
  if (graph.jobType === 'STREAMING') return undefined;
  const path = configuration.get(ConfigOptions.STATE_RECOVERY_PATH);
  if (path !== undefined) throw noState(path);
  if (checkpointSettings(configuration).intervalMs !== undefined) {
    logger.log('info', 'checkpoints are off: a job in BATCH runs failed stages again', { jobId });
  }
  if (graph.exchange === 'PIPELINED') return undefined;
  if (start.turn !== undefined) throw noStages();
  const [temporary = tmpdir()] = configuration.get(ConfigOptions.IO_TMP_DIRS)?.split(/[,:]/) ?? [];
  const ofJob = join(temporary, `sluice-results-${jobId}`);
  // Of attempts that a cluster has run which is dead: nobody knows which of them are whole.
  if (isRecovered) await rm(ofJob, { recursive: true, force: true });
  const directory = join(ofJob, randomUUID());
  const clear = async (): Promise<void> => {
    await removeFiles(fileSystem, directory);
    await rm(directory, { recursive: true, force: true });
    await rmdir(ofJob).catch(() => {});
  };
  return { directory, clear };
}

function noState(path: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NOT_IN_BATCH',
    message:
      'a job in BATCH does not start from a savepoint or checkpoint: leave the path out, or run ' +
      `the job with 'execution.runtime-mode: STREAMING'; path='${path}'`,
    details: { path },
  });
}

function noStages(): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NOT_SUPPORTED',
    message:
      'stages that run one after the other are not supported on AWS in this version: set ' +
      "'execution.batch-shuffle-mode: ALL_EXCHANGES_PIPELINED', which runs them together, or " +
      "'execution.runtime-mode: STREAMING'",
  });
}
