/** Goal: checkpoints and settings in Flink's shapes. Method: requests against one job. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AcknowledgedSubtaskStats,
  type CheckpointStatsRecord,
  emptyStatistics,
} from '../../checkpoint/index.ts';
import type { DispatchedJob } from '../../jobmaster/index.ts';
import { sentAnswer } from './http-records.ts';
import { askOf, JOB_ID, RUNNING_JOB, SOURCE_ID } from './shown-cluster.fixture.ts';

function ack(
  acknowledgedAtEpochMs: number,
  checkpointedSizeBytes: number,
): AcknowledgedSubtaskStats {
  return {
    ...{ acknowledgedAtEpochMs, checkpointedSizeBytes, stateSizeBytes: 500 },
    ...{ startDelayMs: 1.4, alignmentMs: 2, syncMs: 3, asyncMs: 4, unaligned: false },
    ...{ processedDuringAlignmentBytes: 5, persistedDuringAlignmentBytes: 6 },
  };
}

const RECORD: CheckpointStatsRecord = {
  ...{ checkpointId: 7, status: 'IN_PROGRESS', type: 'CHECKPOINT', full: false },
  triggeredAtEpochMs: 1000,
  tasks: [{ vertexId: SOURCE_ID, subtasks: [ack(1100, 10), null] }],
};
const job: DispatchedJob = {
  ...RUNNING_JOB,
  checkpointStatistics: { ...emptyStatistics(10), history: [RECORD] },
  configuration: {
    'execution.checkpointing.interval': 5000,
    'execution.checkpointing.mode': 'AT_LEAST_ONCE',
    'execution.checkpointing.dir': 'hdfs://me:hush@host/c',
  },
};
const DETAILS = `/jobs/${JOB_ID}/checkpoints/details`;

type Json = Record<string, unknown>;

async function shown(path: string): Promise<Json> {
  const { status, body } = await askOf(job, `GET ${path}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Json;
}

describe('GET …/checkpoints/details/:checkpointid/subtasks/:vertexid', () => {
  it('shows what each subtask did, and those that have not answered', async () => {
    const body = await shown(`${DETAILS}/7/subtasks/${SOURCE_ID}`);
    const [done, pending] = body.subtasks as Json[];
    assert.deepEqual(done, {
      ...{ className: 'completed', status: 'completed', index: 0, ack_timestamp: 1100 },
      ...{ end_to_end_duration: 100, checkpointed_size: 10, state_size: 500 },
      checkpoint: { sync: 3, async: 4 },
      alignment: { buffered: 0, processed: 5, persisted: 6, duration: 2 },
      ...{ start_delay: 1, unaligned_checkpoint: false, aborted: false },
    });
    assert.deepEqual(pending, { className: 'pending', index: 1, status: 'pending_or_failed' });
    assert.deepEqual([body.num_subtasks, body.num_acknowledged_subtasks], [2, 1]);
    const { end_to_end_duration: duration } = body.summary as Record<string, Json>;
    assert.deepEqual([duration?.min, duration?.max, duration?.p99], [100, 100, 100]);
  });

  it('does not know checkpoints and vertices that are not there', async () => {
    for (const [path, status] of [
      [`7/subtasks/${'0'.repeat(32)}`, 404],
      ['7/subtasks/x', 400],
      [`8/subtasks/${SOURCE_ID}`, 404],
      ['x', 400],
      ['8', 404],
    ] as const) {
      assert.equal((await askOf(job, `GET ${DETAILS}/${path}`)).status, status, path);
    }
  });
});

describe('settings of a job', () => {
  it('are shown by name, with secrets masked', async () => {
    const body = await shown(`/jobs/${JOB_ID}/config`);
    const { 'user-config': user, 'job-parallelism': parallelism } = body[
      'execution-config'
    ] as Json;
    assert.deepEqual([body.jid, body.name, parallelism], [JOB_ID, 'job', 1]);
    const { 'restart-strategy': restart } = body['execution-config'] as Json;
    assert.match(String(restart), /^exponential-delay \(initialBackoff: 1000 ms, /);
    assert.equal((user as Json)['execution.checkpointing.dir'], 'hdfs://******@host/c');
    assert.equal((user as Json)['execution.checkpointing.interval'], '5000');
  });

  it('say how checkpoints are taken', async () => {
    const body = await shown(`/jobs/${JOB_ID}/checkpoints/config`);
    assert.deepEqual([body.mode, body.interval], ['at_least_once', 5000]);
    assert.deepEqual(body.externalization, { enabled: false, delete_on_cancellation: true });
  });

  it('say that none are taken by themselves as Flink does', async () => {
    const answer = await askOf(RUNNING_JOB, `GET /jobs/${JOB_ID}/checkpoints/config`);
    assert.equal(answer.status, 200);
    // To the last digit: one more is no long of Java's.
    assert.match(String(sentAnswer(answer).content), /"interval":9223372036854775807,/);
  });
});

describe('GET /jobs/:jobid/accumulators', () => {
  it('is empty for a job, and unknown for none', async () => {
    const body = await shown(`/jobs/${JOB_ID}/accumulators?includeSerializedValue=true`);
    assert.deepEqual(body['user-task-accumulators'], []);
    const { status } = await askOf(job, `GET /jobs/${'0'.repeat(32)}/accumulators`);
    assert.equal(status, 404);
  });
});
