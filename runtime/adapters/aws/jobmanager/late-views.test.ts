/** Goal: what a replaced coordinator writes late is not shown. Method: a store that holds writes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RowStore, type RowWrite, SUMMARIES_PARTITION } from '../../../checkpoint/index.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';
import type { Coordinator } from './coordinator.ts';

/** Writes of what is shown wait until they are let go. */
class HeldViews implements RowStore {
  readonly held: (() => void)[] = [];
  isHolding = false;
  readonly #rows: RowStore;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  get: RowStore['get'] = (partitionKey, sortKey) => this.#rows.get(partitionKey, sortKey);
  query: RowStore['query'] = (partitionKey, query) => this.#rows.query(partitionKey, query);

  async write(steps: readonly RowWrite[]): Promise<void> {
    const isView = steps.some(
      ({ partitionKey, sortKey }) => partitionKey === SUMMARIES_PARTITION || sortKey === 'view',
    );
    if (isView && this.isHolding) await new Promise<void>((go) => this.held.push(go));
    await this.#rows.write(steps);
  }
}

/** Both rows. */
async function shown(world: ClusterWorld): Promise<readonly (string | undefined)[]> {
  const [summary] = await world.api.jobs.list();
  return [(await world.view()).status, summary?.status];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Takes one message. */
async function cancelBy(coordinator: Coordinator): Promise<readonly string[]> {
  const request = { type: 'cancel' };
  const body = JSON.stringify({ type: 'request', jobId: JOB_ID, requestId: 'c', request });
  const record = { messageId: '1', receiptHandle: '1', body, group: JOB_ID, receives: 1 };
  return await coordinator.handle([record]);
}

describe('a coordinator that was replaced', () => {
  it('does not show what it knew over what its successor has shown', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const rows = new HeldViews(world.rows);
    const zombie = world.coldStart(rows);
    rows.isHolding = true;
    world.nowEpochMs += 2_000;
    const late = cancelBy(zombie);
    await until(() => rows.held.length > 0);
    world.coldStart();
    await world.reportAll({ type: 'released' });
    await world.next(1);
    assert.deepEqual(await shown(world), ['CANCELED', 'CANCELED']);
    rows.isHolding = false;
    for (const go of rows.held) go();
    assert.deepEqual(await late, []);
    assert.deepEqual(await shown(world), ['CANCELED', 'CANCELED']);
  });
});
