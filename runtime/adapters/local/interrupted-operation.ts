/** What came of an operation whose process is gone: as far as its job shows it. Pure. */
import { type CheckpointStatsRecord, parentOf } from '../../checkpoint/index.ts';
import { StreamError } from '../../core/index.ts';
import { type DispatchedJob, isTerminal } from '../../jobmaster/index.ts';
import { isSavepoint } from '../../protocol/index.ts';
import type { OperationState, TriggeredOperation } from '../http/index.ts';
import type { InterruptedOperation } from './cluster-operations.ts';

const WHAT: Readonly<Record<TriggeredOperation['type'], string>> = {
  savepoint: 'the savepoint was being taken',
  stop: 'the job was being stopped with a savepoint',
  checkpoint: 'the checkpoint was being taken',
  rescale: 'the job was being rescaled',
  dispose: 'the savepoint was being deleted',
};

/**
 * A savepoint that was asked for is completed if the job shows one of its kind that began after
 * that, and nobody else was told of. A stop is completed only if the job has ended by it; one that
 * drains is in progress until then: what its savepoint has ended nothing can begin again.
 *
 * @param job as the cluster resumes it, or as it has ended; undefined: none, or it is forgotten.
 * @param taken results of other operations.
 */
export function outcomeAfterRestart(
  interrupted: InterruptedOperation,
  job: Pick<DispatchedJob, 'status' | 'checkpointStatistics'> | undefined,
  taken: ReadonlySet<unknown>,
): OperationState {
  const { operation } = interrupted;
  const found = savepointsOf(interrupted, job).find((path) => !taken.has(path));
  if (found !== undefined && hasEnded(operation, job)) return { type: 'completed', value: found };
  const isDrained = operation.type === 'stop' && operation.drain && found !== undefined;
  if (isDrained && job !== undefined && !isTerminal(job.status)) return { type: 'in-progress' };
  return { type: 'failed', error: restarted(operation, job, found).toJSON() };
}

function savepointsOf(
  { operation, startedAtEpochMs }: InterruptedOperation,
  job: Pick<DispatchedJob, 'checkpointStatistics'> | undefined,
): readonly string[] {
  if (operation.type !== 'savepoint' && operation.type !== 'stop') return [];
  const { history = [], latest } = job?.checkpointStatistics ?? {};
  // A job is stopped once only.
  const target = operation.type === 'stop' ? undefined : operation.target?.replace(/\/+$/, '');
  const isOf = ({ type, triggeredAtEpochMs, path = '' }: CheckpointStatsRecord): boolean => {
    const isStop = isSavepoint(type) && type !== 'SAVEPOINT';
    const isKind = operation.type === 'stop' ? isStop : type === 'SAVEPOINT';
    const isThere = target === undefined || parentOf(path) === target;
    return isKind && isThere && triggeredAtEpochMs >= startedAtEpochMs;
  };
  // Oldest first: as they were asked for.
  const shown = [
    ...history.toReversed(),
    ...(latest?.savepoint === undefined ? [] : [latest.savepoint]),
  ];
  return shown
    .filter(({ status }) => status === 'COMPLETED')
    .flatMap((one) => {
      return isOf(one) && one.path !== undefined ? [one.path] : [];
    });
}

function hasEnded(
  operation: TriggeredOperation,
  job: Pick<DispatchedJob, 'status'> | undefined,
): boolean {
  if (operation.type === 'stop') return job?.status === 'FINISHED';
  if (operation.type === 'savepoint' && operation.cancelsJob) return job?.status === 'CANCELED';
  return true;
}

function restarted(
  operation: TriggeredOperation,
  job: Pick<DispatchedJob, 'status'> | undefined,
  savepoint: string | undefined,
): StreamError {
  const { type } = operation;
  const details = {
    ...('jobId' in operation ? { jobId: operation.jobId } : { path: operation.path }),
    ...(job === undefined ? {} : { status: job.status }),
    ...(savepoint === undefined ? {} : { savepoint }),
  };
  const values = Object.entries(details).map(([name, value]) => `${name}=${value}`);
  const then = savepoint === undefined ? '' : ' (its savepoint is complete)';
  return new StreamError({
    kind: 'unavailable',
    code: 'JOB_MANAGER_RESTARTED',
    message:
      `the JobManager was restarted while ${WHAT[type]}${then}: look at ` +
      `${type === 'dispose' ? 'its directory' : 'the job'}, and ask again; ${values.join(' ')}`,
    details,
  });
}
