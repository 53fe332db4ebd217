/** Goal: a deployed cluster answers state from its newest checkpoint. Method: see job-life.test. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorStateHandler } from '../../../checkpoint/index.ts';
import { defined, hashKey, keyGroupOf, operatorIndexOfKeyGroup } from '../../../core/index.ts';
import type { OperatorSubtaskStateRecord, SlotReport } from '../../../protocol/index.ts';
import { AggregatingStateDescriptor, ValueStateDescriptor } from '../../../state/index.ts';
import { ClusterWorld, JOB_ID, ROOT } from './cluster-world.conformance.ts';

const TRIGGER = 'f'.repeat(32);
const KEYS = Array.from({ length: 30 }, (_, i) => `key ${i}`);
const total = new ValueStateDescriptor<string>('total').setQueryable();
const count = new AggregatingStateDescriptor('count', {
  createAccumulator: () => 0,
  add: (_: string, n: number) => n + 1,
  getResult: (n: number) => `${n} records`,
}).setQueryable();
const STATS = {
  ...{ startDelayMs: 0, alignmentMs: 0, syncMs: 0, asyncMs: 0, checkpointedSizeBytes: 0 },
  ...{ stateSizeBytes: 0, processedDuringAlignmentBytes: 0, persistedDuringAlignmentBytes: 0 },
  unaligned: false,
};

/** The operator of the job that has keyed state here. */
function operatorOf(world: ClusterWorld) {
  const vertex = defined(world.attempt.jobGraph.vertices.at(-1), 'a job has vertices');
  return { vertex, operator: defined(vertex.operators.at(-1), 'a vertex has operators') };
}

/** Its state in a subtask. */
async function stateOf(
  world: ClusterWorld,
  subtaskIndex: number,
  checkpointId: number,
): Promise<OperatorSubtaskStateRecord> {
  const { vertex, operator } = operatorOf(world);
  const { parallelism, maxParallelism } = vertex;
  const handler = new OperatorStateHandler({
    ...{ operatorId: operator.operatorId, operatorName: operator.name, subtaskIndex },
    ...{ parallelism, maxParallelism, attempt: 0, tracksChanges: true },
    ...{ blobs: world.blobs, clock: world.clock },
  });
  const keyed = handler.keyedState();
  for (const key of KEYS) {
    const keyGroup = keyGroupOf(hashKey(key), maxParallelism);
    if (operatorIndexOfKeyGroup(maxParallelism, parallelism, keyGroup) !== subtaskIndex) continue;
    keyed.setCurrentKey(key);
    keyed.getState(total).update(`${key} in ${checkpointId}`);
    keyed.getAggregatingState(count).add(key);
  }
  const snapshot = handler.snapshot({
    ...{ checkpointId, triggeredAtEpochMs: 0, type: 'CHECKPOINT', full: false },
    ...{ mode: 'EXACTLY_ONCE', unalignedAfterMs: -1, directory: `${ROOT}/checkpoints/shared` },
  });
  return (await snapshot.store()).record;
}

async function checkpoint(world: ClusterWorld, triggerId: string): Promise<number> {
  await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId });
  await world.work();
  const checkpointId = world.triggered;
  const { vertex } = operatorOf(world);
  for (const slotIndex of world.slotsOf()) {
    const state = await stateOf(world, slotIndex, checkpointId);
    const acks = world.tasksOf(slotIndex).map((task): SlotReport => {
      const operators = task.vertexId === vertex.id ? [state] : [];
      const taken = { ...task, finished: false, operators, channels: [] };
      return { type: 'checkpoint-ack', checkpointId, state: taken, stats: STATS };
    });
    await world.send(world.reportsOf(slotIndex, ...acks));
  }
  return checkpointId;
}

describe('queryable state of a deployed cluster', () => {
  it('is that of the newest checkpoint, and says how old it is', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const { operatorId } = operatorOf(world).operator;
    const of = (key: string, name = 'total') =>
      world.ask(`GET /jobs/${JOB_ID}/state/${operatorId}/${name}/${encodeURIComponent(key)}`);
    const early = await of('key 0');
    assert.equal(early.status, 409);
    assert.match(JSON.stringify(early.body), /STATE_NO_CHECKPOINT/);
    for (const triggerId of [TRIGGER, TRIGGER.replaceAll('f', 'e')]) {
      const checkpointId = await checkpoint(world, triggerId);
      const subtasks = new Set<number>();
      for (const key of KEYS) {
        const { status, body } = await of(key);
        assert.equal(status, 200, JSON.stringify(body));
        const answer = body as Record<string, unknown>;
        subtasks.add(Number(answer.subtask));
        assert.equal(answer.value, `${key} in ${checkpointId}`);
        assert.deepEqual([answer.source, answer.checkpointId], ['checkpoint', checkpointId]);
        assert.equal(answer.ageMs, world.clock.nowEpochMs() - Number(answer.asOfEpochMs));
      }
      assert.equal(subtasks.size, world.slotsOf().length);
    }
    const counted = (await of('key 0', 'count')).body as Record<string, unknown>;
    assert.deepEqual(
      [counted.kind, counted.accumulator, 'value' in counted],
      ['aggregating', 1, false],
    );
    assert.equal((await of('none')).status, 404);
    assert.equal((await of('key 0', 'totl')).status, 404);
  });

  it('is gone with its job', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await checkpoint(world, TRIGGER);
    const { operatorId } = operatorOf(world).operator;
    await world.ask(`PATCH /jobs/${JOB_ID}`);
    await world.work();
    await world.reportAll({ type: 'released' });
    await world.next(1);
    const { status, body } = await world.ask(`GET /jobs/${JOB_ID}/state/${operatorId}/total/a`);
    assert.equal(status, 404);
    assert.match(JSON.stringify(body), /status=CANCELED.*STATE_JOB_ENDED/);
    const unknown = await world.ask(`GET /jobs/${'d'.repeat(32)}/state/a/b/c`);
    assert.equal(unknown.status, 404);
  });
});
