import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DispatchedJob } from '../../jobmaster/index.ts';
import type { AccumulatorRecord } from '../../protocol/index.ts';
import {
  askOf,
  JOB_ID,
  jobWithSources,
  runningSubtask,
  SINK_ID,
  SOURCE_ID,
  taskMetrics,
} from './shown-cluster.fixture.ts';

const counted = (value: number): AccumulatorRecord => ({ name: 'n', type: 'IntCounter', value });
const LIST: AccumulatorRecord = { name: 'l', type: 'ListAccumulator', values: [1, 2] };
const shownCount = (value: string) => ({ name: 'n', type: 'IntCounter', value });
const SHOWN_LIST = { name: 'l', type: 'ListAccumulator', value: '[1, 2]' };

function subtask(index: number, accumulators?: readonly AccumulatorRecord[]) {
  const own = accumulators === undefined ? {} : { accumulators };
  const prior = { attemptNumber: 0, state: 'FAILED', times: { CREATED: 1 } } as const;
  return runningSubtask(SOURCE_ID, index, {
    ...{ metrics: taskMetrics(SOURCE_ID, index, own), attemptNumber: 1, prior: [prior] },
  });
}

const vertex = (id: string, accumulators: readonly AccumulatorRecord[]) =>
  ({ id, accumulators }) as unknown as DispatchedJob['metrics'][number];

const job: DispatchedJob = {
  ...jobWithSources([subtask(0, [counted(2)]), subtask(1)]),
  metrics: [vertex(SOURCE_ID, [counted(2)]), vertex(SINK_ID, [counted(3), LIST])],
};

async function shown(path: string, of: DispatchedJob = job): Promise<Record<string, unknown>> {
  const { status, body } = await askOf(of, `GET /jobs/${JOB_ID}${path}`);
  assert.equal(status, 200);
  return body as Record<string, unknown>;
}

describe('accumulators over REST', () => {
  it('are those of the job, of a vertex, of its subtasks', async () => {
    assert.deepEqual(await shown('/accumulators'), {
      'job-accumulators': [],
      'user-task-accumulators': [shownCount('5'), SHOWN_LIST],
      'serialized-user-task-accumulators': {},
    });
    assert.deepEqual(await shown(`/vertices/${SINK_ID}/accumulators`), {
      ...{ id: SINK_ID, 'user-accumulators': [shownCount('3'), SHOWN_LIST] },
    });
    assert.deepEqual(await shown(`/vertices/${SOURCE_ID}/subtasks/accumulators`), {
      ...{ id: SOURCE_ID, parallelism: 2 },
      subtasks: [
        {
          ...{ subtask: 0, attempt: 1, endpoint: 'host-0:1' },
          'user-accumulators': [shownCount('2')],
        },
        { subtask: 1, attempt: 1, endpoint: 'host-1:1', 'user-accumulators': [] },
      ],
    });
  });

  it('are of the present attempt; of an earlier one there are none', async () => {
    const path = `/vertices/${SOURCE_ID}/subtasks/0/attempts`;
    const present = await shown(`${path}/1/accumulators`);
    assert.deepEqual(present['user-accumulators'], [shownCount('2')]);
    assert.deepEqual((await shown(`${path}/0/accumulators`))['user-accumulators'], []);
  });

  it('are in the result of a job that has ended', async () => {
    const ended: DispatchedJob = { ...job, status: 'FINISHED', endedAtEpochMs: 9000 };
    const { 'job-execution-result': result } = await shown('/execution-result', ended);
    const { accumulators } = result as { accumulators: object };
    assert.deepEqual(accumulators, [shownCount('5'), { ...SHOWN_LIST, elements: 2 }]);
  });
});
