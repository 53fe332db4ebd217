/**
 * Every location and every row key, in one place: the local directory, S3 and DynamoDB hold the
 * same ones. See `docs/formats/data-directory.md`.
 *
 * - I1: a blob's name says which subtask wrote it, in which attempt and for which checkpoint, so
 *   that what nobody can refer to any more is known from its name.
 * - I2: what these functions build, the parsing ones read back; anything else is foreign.
 */
import { assert, type Rng } from '../core/index.ts';

export const METADATA_NAME = '_metadata';
/** Beside `_metadata`: which job owns a savepoint or checkpoint it did not take. */
export const CLAIM_NAME = '_claimed';

const OWNER_CHARS = 16;
const SEGMENT_NAME = /^([0-9A-Za-z_]{1,16})-(\d{5,})-(\d{6,})-(\d{12,})-([a-z0-9-]+)\.(?:seg|row)$/;
const SHARED_NAME = 'shared';
const ROW_END = '.row';

export interface RowKey {
  readonly partitionKey: string;
  readonly sortKey: string;
}

/** Who wrote a blob of a checkpoint, and for which. */
export interface SegmentName {
  /** An operator's or, for channel state, a vertex's id. */
  readonly ownerId: string;
  readonly subtaskIndex: number;
  readonly attempt: number;
  readonly checkpointId: number;
  /** Lower-case letters, digits and `-`: what is inside, unique for the fields above. */
  readonly part: string;
}

/** Everything of one job, below the checkpoint directory; the root of its checkpoints. */
export function jobRoot(directory: string, jobId: string): string {
  return `${directory}/${jobId}`;
}

/** Takes the blobs of checkpoints. */
export function sharedDirectory(directory: string, jobId: string): string {
  return `${jobRoot(directory, jobId)}/${SHARED_NAME}`;
}

export function checkpointDirectory(
  directory: string,
  jobId: string,
  checkpointId: number,
): string {
  return `${jobRoot(directory, jobId)}/chk-${checkpointId}`;
}

/** A new name: no two savepoints share a directory. */
export function savepointDirectory(target: string, jobId: string, rng: Rng): string {
  const digits = Array.from({ length: 12 }, () => Math.floor(rng.next() * 16).toString(16));
  return `${target.replace(/\/+$/, '')}/savepoint-${jobId.slice(0, 6)}-${digits.join('')}`;
}

/** @param directory of a checkpoint or savepoint. */
export function manifestLocation(directory: string): string {
  return `${directory}/${METADATA_NAME}`;
}

/**
 * Where locations of a manifest start: a savepoint's own directory; for a checkpoint, the
 * directory of its job.
 */
export function manifestRoot(location: string, kind: 'CHECKPOINT' | 'SAVEPOINT'): string {
  const directory = parentOf(location);
  return kind === 'SAVEPOINT' ? directory : parentOf(directory);
}

/** @param directory the shared directory, or a savepoint's. */
export function segmentLocation(directory: string, name: SegmentName): string {
  const { ownerId, subtaskIndex, attempt, checkpointId, part } = name;
  const owner = ownerId.slice(0, OWNER_CHARS).replace(/[^0-9A-Za-z]/g, '_');
  const numbers = [padded(subtaskIndex, 5), padded(attempt, 6), padded(checkpointId, 12)];
  const file = `${owner}-${numbers.join('-')}-${part}.seg`;
  assert(SEGMENT_NAME.test(file), `I2: a segment's name reads back name=${file}`);
  return `${directory}/${file}`;
}

/** Whether it is a segment of a job's checkpoints, as {@link segmentLocation} names it. */
export function isSharedSegment(location: string): boolean {
  return nameOf(parentOf(location)) === SHARED_NAME && SEGMENT_NAME.test(nameOf(location));
}

/** The same segment's location where blobs are rows: the name says in which store it lies. */
export function rowSegmentLocation(location: string): string {
  return location.replace(/\.seg$/, ROW_END);
}

/** Whether {@link rowSegmentLocation} made it. */
export function isRowSegment(location: string): boolean {
  return location.endsWith(ROW_END);
}

/** The name in a location's last part; `ownerId` has its first 16 characters only. */
export function parseSegmentLocation(location: string): SegmentName | undefined {
  const match = SEGMENT_NAME.exec(nameOf(location));
  if (match === null) return undefined;
  const [, ownerId = '', subtask, attempt, checkpoint, part = ''] = match;
  return {
    ownerId,
    subtaskIndex: Number(subtask),
    attempt: Number(attempt),
    checkpointId: Number(checkpoint),
    part,
  };
}

/** The id of the checkpoint whose directory this is. */
export function parseCheckpointDirectory(directory: string): number | undefined {
  const match = /^chk-([1-9]\d*)$/.exec(nameOf(directory));
  return match === null ? undefined : Number(match[1]);
}

/** Everything before the last `/`. */
export function parentOf(location: string): string {
  return location.slice(0, Math.max(0, location.lastIndexOf('/')));
}

/** Everything after the last `/`. */
export function nameOf(location: string): string {
  return location.slice(location.lastIndexOf('/') + 1);
}

export const JOBS_PARTITION = 'jobs';

export function jobKey(jobId: string): RowKey {
  return { partitionKey: JOBS_PARTITION, sortKey: jobId };
}

/** What belongs to one job, beside its row. */
export function jobPartition(jobId: string): string {
  return `job#${jobId}`;
}

export const CHECKPOINT_ROW_PREFIX = 'checkpoint#';

/** A row of the checkpoint log. */
export function checkpointKey(jobId: string, checkpointId: number): RowKey {
  const sortKey = `${CHECKPOINT_ROW_PREFIX}${padded(checkpointId, 12)}`;
  return { partitionKey: jobPartition(jobId), sortKey };
}

/** Changes with every row appended to the checkpoint log. */
export function checkpointHeadKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'checkpoint-head' };
}

/** Changes when a coordinator takes the job over, and at no other time. */
export function coordinatorKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'coordinator' };
}

/** What people are shown of a job that has not ended: its times, its failures. */
export function pastKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: PAST_ROW_PREFIX };
}

/** Begins the sort key of each row of a job's past. */
export const PAST_ROW_PREFIX = 'past';

/** What people are shown of its checkpoints, but for those of the history. */
export function pastCheckpointsKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: `${PAST_ROW_PREFIX}-checkpoints` };
}

/** What people are shown of one of them. */
export function pastCheckpointKey(jobId: string, checkpointId: number): RowKey {
  const sortKey = `${PAST_ROW_PREFIX}-checkpoint#${padded(checkpointId, 12)}`;
  return { partitionKey: jobPartition(jobId), sortKey };
}

/** A job between two turns of its master; changes with each of them. */
export function turnKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'turn' };
}

/** What a job's messages have done to those who took turns with them; there only for a while. */
export function troubleKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'trouble' };
}

/** Where records of turns lie that are too large for the row; does not change. */
export function turnObjectsDirectory(directory: string, jobId: string): string {
  return `${directory}/${jobId}/turns`;
}

/** The record that a write of a term has put there. */
export function turnObjectLocation(
  directory: string,
  jobId: string,
  term: number,
  writeNumber: number,
): string {
  const name = `${padded(term, 12)}-${padded(writeNumber, 4)}`;
  return `${turnObjectsDirectory(directory, jobId)}/${name}`;
}

/** What every TaskManager of an attempt has to know; does not change. */
export function attemptKey(jobId: string, attempt: number): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: `attempt#${padded(attempt, 9)}` };
}

/** Who is a TaskManager of a job now, and what the one before it has left. */
export function leaseKey(jobId: string, taskManager: number): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: `lease#${padded(taskManager, 5)}` };
}

/** What evaluating a job's program has found. */
export function planKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'plan' };
}

/** What clients are shown of a job. */
export function viewKey(jobId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: 'view' };
}

/** What clients have asked of a job, by the id they know it under. */
export function requestKey(jobId: string, id: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: `request#${id}` };
}

/** What a request was answered. */
export function answerKey(jobId: string, requestId: string): RowKey {
  return { partitionKey: jobPartition(jobId), sortKey: `answer#${requestId}` };
}

/** What came of deleting a savepoint, which belongs to no job. */
export function disposalKey(triggerId: string): RowKey {
  return { partitionKey: 'savepoint-disposals', sortKey: triggerId };
}

/** What clients have triggered, and what came of it. */
export const OPERATIONS_PARTITION = 'operations';

/** @param scope ids of different scopes do not meet. */
export function operationKey(scope: string, triggerId: string): RowKey {
  return { partitionKey: OPERATIONS_PARTITION, sortKey: `${scope}#${triggerId}` };
}

/** Lists of jobs show these. */
export const SUMMARIES_PARTITION = 'job-summaries';

export function summaryKey(jobId: string): RowKey {
  return { partitionKey: SUMMARIES_PARTITION, sortKey: jobId };
}

/** How many TaskManagers each job may run at once. */
export const RESERVATIONS_PARTITION = 'task-managers';

export function reservationKey(jobId: string): RowKey {
  return { partitionKey: RESERVATIONS_PARTITION, sortKey: jobId };
}

/** Says which process owns a data directory. */
export const OWNER_KEY: RowKey = { partitionKey: 'cluster', sortKey: 'owner' };

/** Default checkpoint directory of a cluster. */
export function checkpointsDirectory(dataDirectory: string): string {
  return `${dataDirectory}/checkpoints`;
}

/** Default savepoint target of a cluster. */
export function savepointsDirectory(dataDirectory: string): string {
  return `${dataDirectory}/savepoints`;
}

/** What is kept of a job that has ended. */
export function archiveLocation(dataDirectory: string, jobId: string): string {
  return `${dataDirectory}/archive/${jobId}.json`;
}

/** The job's program, as submitted. */
export function bundleLocation(dataDirectory: string, jobId: string): string {
  return `${dataDirectory}/jobs/${jobId}/bundle.mjs`;
}

function padded(value: number, digits: number): string {
  assert(Number.isSafeInteger(value) && value >= 0, `I2: a name holds an index value=${value}`);
  return String(value).padStart(digits, '0');
}
