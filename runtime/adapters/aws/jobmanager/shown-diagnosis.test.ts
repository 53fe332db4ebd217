/** Goal: why a deployed job puts nothing out is told, for no write more. Method: a cluster in one process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport, TaskMetricsRecord } from '../../../protocol/index.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';

interface Told {
  readonly verdict: string;
  readonly findings: readonly { readonly code: string; readonly sentence: string }[];
}

async function diagnosisOf(world: ClusterWorld): Promise<Told> {
  const { status, body } = await world.ask(`GET /jobs/${JOB_ID}/diagnosis`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Told;
}

/** Of slots whose sources have read nothing for as long as they run. */
function idleReport(world: ClusterWorld, slotIndex: number): SlotReport {
  const tasks = world.tasksOf(slotIndex).map(
    (task): TaskMetricsRecord => ({
      ...{ ...task, numRecordsIn: 0, numRecordsOut: 0, numBytesIn: 0, numBytesOut: 0 },
      ...{ numRecordsFallback: 0, maxPendingBytes: 0, currentInputWatermarkMs: 0 },
      ...{ busyTimeMs: 0, backPressuredTimeMs: 0, idleTimeMs: 60_000, operatorMetrics: {} },
    }),
  );
  return { type: 'metrics', tasks };
}

describe('why a deployed job puts nothing out', () => {
  it('is what its coordinator saw with the last reports', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const report = () =>
      world.send(...world.slotsOf().map((slot) => world.reportsOf(slot, idleReport(world, slot))));
    await report();
    assert.equal((await diagnosisOf(world)).verdict, 'starting');
    world.nowEpochMs += 120_000;
    await report();
    // Nothing is wrong that is known of: its source was not told of as one that has read nothing.
    const { verdict, findings } = await diagnosisOf(world);
    assert.deepEqual([verdict, findings], ['waiting', []]);
  });

  it('is not told of a job that nobody knows', async () => {
    const world = new ClusterWorld();
    const { status } = await world.ask(`GET /jobs/${'0'.repeat(32)}/diagnosis`);
    assert.equal(status, 404);
  });
});
