/** What the settle function does: tells the coordinator of losses, and clears up behind jobs. */
import {
  type BlobStore,
  deleteAll,
  type RowStore,
  turnKey,
  turnObjectsDirectory,
} from '../../../checkpoint/index.ts';
import { type Logger, toStreamError } from '../../../core/index.ts';
import type { TurnRow } from '../../../jobmaster/index.ts';
import type { SettleRequest } from '../messages.ts';
import type { CoordinatorQueues, Inboxes } from './effect-ports.ts';
import { lambdaFailure, leaseFailure } from './lambda-failure.ts';
import { readPlan } from './plan-record.ts';

export interface SettleJobParts {
  readonly rows: RowStore;
  readonly blobs: BlobStore;
  readonly queues: Pick<CoordinatorQueues, 'send'>;
  readonly inboxes: Pick<Inboxes, 'delete'>;
  /** Below it, `<directory>/<jobId>/…`: what was too large for a queue. */
  readonly framesDirectory: string;
  /** Below it, `<directory>/<jobId>/turns/…`: records of turns that were too large for the row. */
  readonly turnsDirectory: string;
  readonly logger: Logger;
}

/** @throws {StreamError} when it has to be asked again. */
export async function settleJob(parts: SettleJobParts, request: SettleRequest): Promise<object> {
  const { queues, logger } = parts;
  const { jobId } = request;
  switch (request.type) {
    case 'lost': {
      const { attempt, taskManager, lease } = request;
      const error = leaseFailure(request.error);
      logger.log('warn', 'a lease is lost', {
        jobId,
        attempt,
        taskManager,
        lease,
        code: error.code,
      });
      const id = `lost-${jobId}-${attempt}-${taskManager}-${lease}`;
      await queues.send({ type: 'lost', jobId, attempt, taskManager, lease, error }, id);
      return { told: true };
    }
    case 'not-planned': {
      const error = lambdaFailure(request.error);
      logger.log('error', 'a job cannot be planned', { jobId, code: error.code });
      await queues.send({ type: 'not-planned', jobId, error }, `not-planned-${jobId}`);
      await clear(parts, jobId);
      return { told: true };
    }
    case 'ended':
      return await clear(parts, jobId);
  }
}

/** What cannot be deleted goes by itself: inboxes by the sweeper, frames by their age. */
async function clear(parts: SettleJobParts, jobId: string): Promise<object> {
  const { rows, inboxes, framesDirectory, turnsDirectory } = parts;
  const count = (await readPlan(rows, jobId))?.inboxes ?? 0;
  await inboxes.delete(jobId, count);
  const { partitionKey, sortKey } = turnKey(jobId);
  const turn = (await rows.get(partitionKey, sortKey))?.value as TurnRow | undefined;
  const turns = turnObjectsDirectory(turnsDirectory, jobId);
  return {
    inboxes: count,
    frames: await deleteBelow(parts, jobId, `${framesDirectory}/${jobId}`),
    // The job's last turn may still be asked for.
    turns: await deleteBelow(parts, jobId, turns, turn?.object?.location),
  };
}

/** @returns how many there were, and are no more. */
async function deleteBelow(
  { blobs, logger }: SettleJobParts,
  jobId: string,
  directory: string,
  but?: string,
): Promise<number> {
  try {
    const all = await blobs.list(directory);
    const found = all.map(({ location }) => location).filter((location) => location !== but);
    const { deleted, failed } = await deleteAll(blobs, found);
    const [example] = failed;
    if (example !== undefined) {
      const left = { jobId, directory, left: failed.length, example };
      logger.log('warn', 'objects of a job are left behind', left);
    }
    return deleted.length;
  } catch (thrown) {
    const { code, message: reason } = toStreamError(thrown);
    logger.log('warn', 'objects of a job are left behind', { jobId, directory, code, reason });
    return 0;
  }
}
