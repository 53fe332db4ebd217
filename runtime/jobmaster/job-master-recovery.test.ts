import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimSavepoint } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import {
  type MasterOptions,
  MasterWorld,
  scriptedSource,
  withSavepoint,
} from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';

const RETAIN = 'execution.checkpointing.externalized-checkpoint-retention';
const SILENT = { run: true, release: true, acknowledge: false };

/** A job with three completed checkpoints, suspended: storage as its process leaves it. */
async function withCheckpoints(options: MasterOptions = {}): Promise<MasterWorld> {
  const world = new MasterWorld();
  const run = await world.start(options);
  await world.time.advance(300);
  run.master.suspend();
  await run.result;
  return world;
}

describe('JobMaster: taken over', () => {
  it('goes on from the newest checkpoint of its log, with attempts and ids after it', async () => {
    const first = await withCheckpoints({ configuration: { [RETAIN]: 'RETAIN_ON_CANCELLATION' } });
    const world = first.successor();
    world.journal.lastAttempt = 6;
    const run = await world.start({ isRecovered: true });
    assert.equal(world.launcher.names, '0@7');
    assert.equal(world.launcher.slot(0).restoredId, 3);
    assert.deepEqual(world.sources[0]?.heard.slice(0, 2), ['restored {"of":"a"}', 'start']);
    await world.time.advance(100);
    assert.deepEqual(await world.checkpoints(), ['chk-4']);
    assert.equal(run.master.checkpointStatistics?.counts.restored, 1);
  });

  it('tells of every restore once, however many regions it is of', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    const run = await world.start();
    await world.time.advance(200);
    assert.equal(run.master.checkpointStatistics?.counts.restored, 0);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    assert.equal(run.status, 'RUNNING');
    const { counts, latest } = run.master.checkpointStatistics ?? {};
    assert.equal(counts?.restored, 1);
    assert.deepEqual(latest?.restored, {
      ...{ checkpointId: 2, isSavepoint: false, path: '/checkpoints/job/chk-2' },
      restoredAtEpochMs: world.time.nowEpochMs(),
    });
  });

  it('is RECONCILING until it knows what to start from', async () => {
    const world = (await withCheckpoints()).successor();
    const master = await world.create({ isRecovered: true });
    assert.equal(master.status, 'RECONCILING');
    const result = master.run();
    await settle();
    assert.equal(master.status, 'RUNNING');
    master.cancel();
    assert.equal((await result).status, 'CANCELED');
  });

  it('waits a minute, if it is new, for storage that does not answer', async () => {
    for (const answersAfterMs of [20_000, 70_000]) {
      const world = new MasterWorld();
      const master = await world.create();
      world.blobs.faultOf = () => 'before';
      const result = master.run();
      await settle();
      await world.time.advance(answersAfterMs);
      const isLate = answersAfterMs > 60_000;
      const end = isLate ? ['error the job is FAILED'] : [];
      assert.deepEqual(new Set(world.logged), new Set(['warn a job waits for storage', ...end]));
      world.blobs.faultOf = () => 'none';
      await world.time.advance(10_000);
      assert.equal(master.status, isLate ? 'FAILED' : 'RUNNING');
      master.cancel();
      const { error } = await result;
      assert.equal(error?.code, isLate ? 'INJECTED' : undefined);
    }
  });

  it('waits for storage that does not answer, for as long as it is not cancelled', async () => {
    for (const answers of [true, false]) {
      const world = (await withCheckpoints()).successor();
      const master = await world.create({ isRecovered: true });
      world.blobs.faultOf = () => 'before';
      const result = master.run();
      await settle();
      assert.equal(master.status, 'RECONCILING');
      if (answers) {
        world.blobs.faultOf = () => 'none';
        await world.time.advance(1_000);
        assert.deepEqual([master.status, world.launcher.slot(0).restoredId], ['RUNNING', 3]);
      }
      master.cancel();
      world.blobs.faultOf = () => 'none';
      assert.equal((await result).status, 'CANCELED');
      assert.equal(world.time.pending, 0);
    }
  });

  it('fails, and keeps all there is, when the newest checkpoint is damaged', async () => {
    const first = await withCheckpoints({
      configuration: { 'execution.checkpointing.num-retained': 2 },
    });
    const world = first.successor();
    const left = await world.locations();
    const location = '/checkpoints/job/chk-3/_metadata';
    const bytes = await world.storedBlobs.get(location);
    await world.storedBlobs.delete(location);
    await world.storedBlobs.put(
      location,
      bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    );
    const run = await world.start({ isRecovered: true });
    assert.deepEqual([run.ended?.status, run.ended?.error?.kind], ['FAILED', 'data']);
    assert.match(run.ended?.error?.message ?? '', /chk-3\/_metadata/);
    assert.deepEqual(world.journal.ends, ['FAILED']);
    assert.deepEqual(await world.locations(), left);
  });

  it('keeps all there is when a slot cannot read its state', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    const left = await world.locations();
    const slot = world.launcher.slot(0);
    const error = new StreamError({ kind: 'data', code: 'SEGMENT_CORRUPT', message: 'damaged' });
    const [task] = slot.subtasks;
    assert.ok(task !== undefined);
    slot.report({ type: 'task-failed', task, error: error.toJSON() });
    await settle();
    assert.equal(run.ended?.status, 'FAILED');
    assert.deepEqual(await world.locations(), left);
  });
});

describe('JobMaster: claim modes', () => {
  it('restores with NO_CLAIM: full checkpoints until one completes, nothing deleted', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    const before = await world.locations();
    const run = await world.start({ restore: { path, claimMode: 'NO_CLAIM' } });
    assert.equal(world.launcher.slot(0).restoredId, 1);
    world.launcher.habits = SILENT;
    await world.time.advance(100);
    world.launcher.slot(0).decline(2);
    await settle();
    // It failed, within what is tolerated only when that is set.
    await world.time.advance(50);
    world.launcher.habits = { ...SILENT, acknowledge: true };
    await world.time.advance(200);
    const barriers = world.launcher.slots.flatMap(({ commands }) =>
      commands.flatMap((c) => (c.type === 'trigger-checkpoint' ? [c.barrier] : [])),
    );
    assert.deepEqual(
      barriers.map(({ checkpointId, full }) => [checkpointId, full]),
      [
        [2, true],
        [3, true],
        [4, false],
      ],
    );
    run.master.cancel();
    await run.result;
    assert.deepEqual(await world.locations(), before);
  });

  it('restores with CLAIM, and deletes it once a checkpoint of its own completes', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    await claimSavepoint(world.blobs, path, 'job');
    const run = await world.start({ restore: { path, claimMode: 'CLAIM' } });
    assert.equal(world.launcher.slot(0).restoredId, 1);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    assert.equal(world.launcher.slot(0).restoredId, 1);
    await world.time.advance(100);
    assert.deepEqual(await world.checkpoints(), ['chk-2']);
    assert.deepEqual(
      (await world.locations()).filter((l) => l.startsWith(path)),
      [],
    );
    run.master.cancel();
    await run.result;
    assert.deepEqual(await world.locations(), []);
  });

  it('goes on from its own checkpoint when that is newer than what it claimed', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    await claimSavepoint(world.blobs, path, 'job');
    const restore = { path, claimMode: 'CLAIM' } as const;
    const run = await world.start({ restore });
    await world.time.advance(100);
    run.master.suspend();
    await run.result;
    const next = world.successor();
    // The savepoint is gone: there is nothing left to restore from but the log.
    const again = await next.start({ isRecovered: true });
    assert.equal(next.launcher.slot(0).restoredId, 2);
    assert.equal(again.status, 'RUNNING');
  });

  it('deletes what it claimed when the process that should have died before', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    await claimSavepoint(world.blobs, path, 'job');
    const restore = { path, claimMode: 'CLAIM' } as const;
    const run = await world.start({ restore });
    world.blobs.faultOf = ({ operation }) => (operation === 'delete' ? 'before' : 'none');
    await world.time.advance(100);
    run.master.suspend();
    await run.result;
    const next = world.successor();
    await next.start({ isRecovered: true, restore });
    assert.equal(next.launcher.slot(0).restoredId, 2);
    assert.deepEqual(await next.checkpoints(), ['chk-2', path.split('/').at(-1)]);
    await next.time.advance(100);
    assert.deepEqual(await next.checkpoints(), ['chk-3']);
  });

  it('keeps a claimed savepoint that it may start from again', async () => {
    for (const [end, retention, isKept] of [
      ['suspend', 'NO_EXTERNALIZED_CHECKPOINTS', true],
      ['cancel', 'RETAIN_ON_CANCELLATION', true],
      ['cancel', 'DELETE_ON_CANCELLATION', false],
    ] as const) {
      const { world: first, path } = await withSavepoint();
      const world = first.successor();
      await claimSavepoint(world.blobs, path, 'job');
      const run = await world.start({
        restore: { path, claimMode: 'CLAIM' },
        configuration: { [RETAIN]: retention },
      });
      run.master[end]();
      await run.result;
      assert.equal((await world.checkpoints()).length === 1, isKept, `${end} ${retention}`);
    }
  });

  it('gives back the splits of a source that what it restored knows nothing of', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor(scriptedSource('a'), scriptedSource('new'));
    await world.start({ restore: { path, claimMode: 'NO_CLAIM' } });
    const [a, added] = world.sources;
    assert.deepEqual([a?.heard[0], added?.heard[0]], ['restored {"of":"a"}', 'new']);
    a?.contexts[0]?.assignSplits(0, ['a1']);
    added?.contexts[0]?.assignSplits(0, ['n1']);
    world.launcher.slot(0).fail();
    world.launcher.slot(1).fail();
    await world.time.advance(60);
    assert.equal(a?.heard.at(-2), 'back a1 from 0');
    assert.equal(added?.heard.at(-2), 'back n1 from 0');
  });
});
