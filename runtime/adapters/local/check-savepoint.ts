import { resolve } from 'node:path';
import {
  type BlobStore,
  type CheckpointManifest,
  checkBlobs,
  openRestorePoint,
  type RecoverySettings,
  readClaim,
} from '../../checkpoint/index.ts';
import { isStreamError, StreamError } from '../../core/index.ts';
import type { StreamGraph } from '../../graph/index.ts';
import { planJobExecution } from '../../jobmaster/index.ts';
import type { SavepointCheckAnswer } from '../http/index.ts';
import { probeStates } from './probe-states.ts';
import { type SavepointReport, savepointCompatibility } from './savepoint-compatibility.ts';

/** What `sluice savepoint check` tells. */
export interface SavepointCheck extends SavepointReport {
  readonly path: string;
  readonly manifest: CheckpointManifest;
}

export interface CheckSavepointOptions {
  readonly blobs: BlobStore;
  readonly graph: StreamGraph;
  readonly allowNonRestoredState: boolean;
  /** Every byte of the savepoint is read. @defaultValue true */
  readonly readsBlobs?: boolean;
}

/**
 * Compares a savepoint with a job; starts and changes nothing.
 *
 * @throws {StreamError} when there is no savepoint, or its manifest does not read as one.
 */
export async function checkSavepoint(
  path: string,
  { blobs, graph, allowNonRestoredState, readsBlobs = true }: CheckSavepointOptions,
): Promise<SavepointCheck> {
  const location = /^[a-z][a-z0-9+.-]*:/i.test(path) ? path : resolve(path);
  const { manifest, path: directory } = await openRestorePoint(blobs, location);
  const damaged = readsBlobs ? await checkBlobs(blobs, manifest) : [];
  const damages = damaged.map((error) => error.toJSON());
  try {
    const { jobGraph } = planJobExecution(graph, {}, manifest).executionGraph;
    const probed = await probeStates(graph, jobGraph);
    const report = savepointCompatibility(manifest, jobGraph, probed, { allowNonRestoredState });
    const problems = [...damages, ...report.problems];
    return { path: directory, manifest, operators: report.operators, problems };
  } catch (thrown) {
    if (!isStreamError(thrown) || thrown.kind !== 'invalid') throw thrown;
    // The job cannot be laid out so: its parallelism is above the stored max parallelism.
    return { path: directory, manifest, operators: [], problems: [...damages, thrown.toJSON()] };
  }
}

/**
 * Refuses a savepoint that the job cannot start from, before anything of the job starts.
 *
 * @throws {StreamError} the first problem; `SAVEPOINT_CLAIMED` when another job owns what this one
 * is to claim.
 */
export async function assertRestorable(
  { path, ignoreUnclaimedState, claimMode }: RecoverySettings,
  options: Omit<CheckSavepointOptions, 'allowNonRestoredState'>,
): Promise<void> {
  if (path === undefined) return;
  const allowNonRestoredState = ignoreUnclaimedState;
  const check = await checkSavepoint(path, { ...options, allowNonRestoredState });
  const [problem] = check.problems;
  if (problem !== undefined) throw StreamError.fromJSON(problem);
  if (claimMode === 'NO_CLAIM') return;
  const claimedByJobId = await readClaim(options.blobs, check.path);
  if (claimedByJobId === undefined) return;
  throw new StreamError({
    kind: 'invalid',
    code: 'SAVEPOINT_CLAIMED',
    message:
      'another job has claimed a savepoint: restore it with claim mode no_claim ' +
      `path=${check.path} claimedByJobId=${claimedByJobId}`,
    details: { path: check.path, claimedByJobId },
  });
}

/** As `sluice savepoint check --json` and the REST interface tell it. */
export function savepointCheckJson(check: SavepointCheck): SavepointCheckAnswer {
  const { path, manifest, operators, problems } = check;
  const { kind, checkpointId, jobId, jobName, completedAtEpochMs } = manifest;
  return {
    restorable: problems.length === 0,
    savepoint: { path, kind, checkpointId, jobId, jobName, completedAtEpochMs },
    operators,
    problems: problems.map(({ code, message, details }) => ({ code, message, details })),
  };
}
