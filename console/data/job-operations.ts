/** What can be done to a job, as requests and what follows them. */
import type { OperationProgress, OperationRequest } from './operations.ts';
import type { RestClient } from './rest-client.ts';
import type {
  CheckpointJson,
  CheckpointsJson,
  FailureJson,
  JobJson,
  JobState,
  OperationJson,
} from './rest-json.ts';

interface NamedJob {
  readonly jid: string;
  readonly name: string;
}

const ENDED: readonly JobState[] = ['FINISHED', 'FAILED', 'CANCELED'];

/** 32 hex digits. */
function newTriggerId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param target a directory; empty: the one that is configured. */
export function savepointRequest({ jid, name }: NamedJob, target: string): OperationRequest {
  const triggerId = newTriggerId();
  return {
    jobId: jid,
    title: `Savepoint of ${name}`,
    method: 'POST',
    path: `/jobs/${jid}/savepoints`,
    body: { 'target-directory': target === '' ? null : target, 'cancel-job': false, triggerId },
    isIdempotent: true,
    follow: (client) => followSavepoint(client, jid, triggerId, 'The savepoint is complete.'),
  };
}

/** @param drain lets windows and timers fire, as if the input had ended. */
export function stopRequest(
  { jid, name }: NamedJob,
  target: string,
  drain: boolean,
): OperationRequest {
  const triggerId = newTriggerId();
  return {
    jobId: jid,
    title: `Stop of ${name}`,
    method: 'POST',
    path: `/jobs/${jid}/stop`,
    body: { targetDirectory: target === '' ? null : target, drain, triggerId },
    isIdempotent: true,
    follow: (client) => {
      return followSavepoint(client, jid, triggerId, 'The job has stopped with a savepoint.');
    },
  };
}

async function followSavepoint(
  client: RestClient,
  jobId: string,
  triggerId: string,
  doneText: string,
): Promise<OperationProgress> {
  const answer = await client.get<OperationJson>(`/jobs/${jobId}/savepoints/${triggerId}`);
  if (answer.status.id === 'COMPLETED') return completed(answer, doneText);
  const { history } = await client.get<CheckpointsJson>(`/jobs/${jobId}/checkpoints`);
  return acknowledged(history.find((one) => one.is_savepoint && one.status === 'IN_PROGRESS'));
}

function completed({ operation = {} }: OperationJson, text: string): OperationProgress {
  const failure = operation['failure-cause'] ?? operation.failureCause;
  if (failure !== undefined) throw new Error(failureText(failure));
  const { location } = operation;
  return { isDone: true, text, ...(location === undefined ? {} : { location }) };
}

/** Of a stack only what it begins with. */
function failureText(failure: FailureJson): string {
  const [first = ''] = (failure['stack-trace'] ?? '').split('\n');
  return first === '' ? (failure.class ?? 'It failed for a reason that was not told.') : first;
}

function acknowledged(savepoint: CheckpointJson | undefined): OperationProgress {
  if (savepoint === undefined) return { isDone: false, text: 'Waiting for the savepoint to begin' };
  const { num_acknowledged_subtasks: done, num_subtasks: of } = savepoint;
  const text =
    done < of
      ? `${done} of ${of} subtasks have acknowledged`
      : 'All subtasks have acknowledged; the savepoint is being written';
  return { isDone: false, text, part: { done, of } };
}

export function cancelRequest({ jid, name }: NamedJob): OperationRequest {
  return {
    jobId: jid,
    title: `Cancel ${name}`,
    method: 'PATCH',
    path: `/jobs/${jid}?mode=cancel`,
    isIdempotent: false,
    follow: async (client) => {
      const { status } = await client.get<{ status: JobState }>(`/jobs/${jid}/status`);
      if (!ENDED.includes(status)) return { isDone: false, text: 'Waiting for the tasks to end' };
      const text = `The job has ended: ${status.toLowerCase()}.`;
      return { isDone: true, text };
    },
  };
}

/** Lets a job run that hibernates. */
export function wakeRequest({ jid, name }: NamedJob): OperationRequest {
  return {
    jobId: jid,
    title: `Wake ${name}`,
    method: 'POST',
    path: `/jobs/${jid}/wake`,
    isIdempotent: true,
    follow: (client) => followRunning(client, jid, () => true, 'The job runs again.'),
  };
}

/** @param parallelism by vertex id: of those that change. */
export function rescaleRequest(
  { jid, name }: NamedJob,
  parallelism: Readonly<Record<string, number>>,
): OperationRequest {
  const entries = Object.entries(parallelism);
  const bounds = entries.map(([id, upperBound]) => {
    return [id, { parallelism: { lowerBound: 1, upperBound } }] as const;
  });
  const hasAll = ({ vertices }: JobJson): boolean =>
    entries.every(([id, wanted]) => {
      return vertices.find((vertex) => vertex.id === id)?.parallelism === wanted;
    });
  return {
    jobId: jid,
    title: `Rescale ${name}`,
    method: 'PUT',
    path: `/jobs/${jid}/resource-requirements`,
    body: Object.fromEntries(bounds),
    isIdempotent: true,
    follow: (client) =>
      followRunning(client, jid, hasAll, 'The job runs with the new parallelism.'),
  };
}

/** Until the job runs, all its tasks included. */
async function followRunning(
  client: RestClient,
  jobId: string,
  isReached: (job: JobJson) => boolean,
  doneText: string,
): Promise<OperationProgress> {
  const job = await client.get<JobJson>(`/jobs/${jobId}`);
  if (ENDED.includes(job.state)) throw new Error(`The job has ended: ${job.state.toLowerCase()}.`);
  if (!isReached(job))
    return { isDone: false, text: 'Waiting for the job to take its state along' };
  const of = job.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
  const done = job.vertices.reduce((sum, { tasks }) => {
    return sum + (tasks.RUNNING ?? 0) + (tasks.FINISHED ?? 0);
  }, 0);
  if (job.state === 'RUNNING' && done >= of) return { isDone: true, text: doneText };
  return { isDone: false, text: `${done} of ${of} subtasks run`, part: { done, of } };
}
