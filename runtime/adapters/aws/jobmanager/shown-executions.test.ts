/** Goal: subtasks of deployed jobs are shown, for no write more. Method: a cluster in one process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import type { SlotReport, TaskMetricsRecord } from '../../../protocol/index.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';
import { ShownExecutions } from './shown-executions.ts';

type Json = Record<string, unknown>;

function metricsOf(world: ClusterWorld, slotIndex: number): SlotReport {
  const tasks = world.tasksOf(slotIndex).map(
    (task): TaskMetricsRecord => ({
      ...{ ...task, numRecordsIn: 7, numRecordsOut: 8, numBytesIn: 9, numBytesOut: 10 },
      ...{ numRecordsFallback: 0, maxPendingBytes: 0, currentInputWatermarkMs: 5 },
      ...{ busyTimeMs: 1, backPressuredTimeMs: 2, idleTimeMs: 3, operatorMetrics: {} },
    }),
  );
  return { type: 'metrics', tasks };
}

async function reporting(world: ClusterWorld): Promise<void> {
  const reports = world.slotsOf().map((slot) => world.reportsOf(slot, metricsOf(world, slot)));
  await world.send(...reports);
}

/** @param vertex the first one. */
async function subtasksOf(world: ClusterWorld): Promise<Json[]> {
  const [vertex] = (await world.view()).vertices;
  const { status, body } = await world.ask(`GET /jobs/${JOB_ID}/vertices/${vertex?.id}`);
  assert.equal(status, 200, JSON.stringify(body));
  return (body as { subtasks: Json[] }).subtasks;
}

describe('subtasks of a deployed job', () => {
  for (const objectAboveBytes of [1e9, 0]) {
    it(`are those of its last turn, in a row or in an object (${objectAboveBytes})`, async () => {
      const world = new ClusterWorld({ objectAboveBytes, taskSlots: 1 });
      await world.startJob();
      await reporting(world);
      const subtasks = await subtasksOf(world);
      assert.deepEqual(
        subtasks.map((one) => [one.subtask, one.status, one.attempt, one['taskmanager-id']]),
        [
          [0, 'RUNNING', 0, `${JOB_ID}-0`],
          [1, 'RUNNING', 0, `${JOB_ID}-1`],
        ],
      );
      const metrics = subtasks.map((one) => (one.metrics as Json)['read-records']);
      assert.deepEqual(metrics, [7, 7]);
      const { body } = await world.ask(`GET /jobs/${JOB_ID}/metrics?get=numRestarts`);
      assert.deepEqual(body, [{ id: 'numRestarts', value: '0' }]);
    });
  }

  it('cost no write: nothing is added to what turns leave behind', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await reporting(world);
    const blobs = (await world.blobs.list('s3://bucket/jobs')).length;
    await subtasksOf(world);
    await reporting(world);
    assert.equal((await world.blobs.list('s3://bucket/jobs')).length, blobs);
  });

  it('stay visible when the job has ended', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await reporting(world);
    await world.ask(`PATCH /jobs/${JOB_ID}?mode=cancel`);
    await world.work();
    await world.reportAll({ type: 'released' });
    assert.equal((await world.view()).status, 'CANCELED');
    const subtasks = await subtasksOf(world);
    assert.deepEqual(
      subtasks.map(({ status }) => status),
      ['CANCELED', 'CANCELED'],
    );
    const { metrics } = (subtasks[0] ?? {}) as Record<string, Json>;
    assert.equal(metrics?.['read-records'], 7);
    // Lists are read whole: they have none.
    const [listed] = await world.api.jobs.list();
    assert.deepEqual(listed?.executions, []);
  });

  it('are unknown before anything was deployed', async () => {
    const world = new ClusterWorld();
    await world.submit('numbers');
    await world.plan();
    assert.deepEqual(await subtasksOf(world), []);
  });

  it('are read again when a turn has replaced the record meanwhile', async () => {
    const world = new ClusterWorld({ objectAboveBytes: 0 });
    await world.startJob();
    let reads = 0;
    const { rows, blobs, turnObjects } = world;
    const executions = new ShownExecutions({
      ...{ rows, blobs },
      jobs: { get: async () => await world.storedJob() },
      objects: {
        get: async (jobId, object) => {
          reads += 1;
          if (reads > 1) return await turnObjects.get(jobId, object);
          throw new StreamError({ kind: 'data', code: 'TURN_CORRUPT', message: 'it is gone' });
        },
      },
    });
    assert.equal((await executions.of(JOB_ID)).length, 2);
    assert.equal(reads, 2);
  });
});
