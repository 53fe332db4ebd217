import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../core/index.ts';
import { Answer, MasterWorld, scriptedSource } from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';

const ONCE = { run: true, release: true, acknowledge: false };
const RETAINED = {
  'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
};

describe('JobMaster: cancel and suspend', () => {
  for (const [ask, status] of [
    ['cancel', 'CANCELED'],
    ['suspend', 'SUSPENDED'],
  ] as const) {
    it(`${ask}s before it has read what it starts from`, async () => {
      const world = new MasterWorld();
      const master = await world.create();
      const result = master.run();
      master[ask]();
      assert.equal((await result).status, status);
      await world.time.advance(1_000);
      assert.deepEqual([world.launcher.names, world.journal.entries], ['', []]);
    });

    it(`${ask}s while its attempt is being recorded, and then starts nothing`, async () => {
      const world = new MasterWorld();
      const gate = Promise.withResolvers<void>();
      world.journal.gate = () => gate.promise;
      const run = await world.start();
      run.master[ask]();
      await settle();
      // Nothing of the job may be written after its end.
      assert.equal(run.ended === undefined, true);
      gate.resolve();
      await settle();
      assert.equal(run.ended?.status, status);
      assert.deepEqual([world.launcher.names, world.sources[0]?.heard], ['', []]);
      assert.equal(world.time.pending, 0);
    });

    it(`${ask}s while its slots are being deployed`, async () => {
      const world = new MasterWorld(scriptedSource('a', 2));
      world.launcher.habits = { run: false, release: true, acknowledge: true };
      const run = await world.start();
      run.master[ask]();
      await settle();
      assert.deepEqual(
        world.launcher.slots.map(({ types }) => types),
        [['cancel'], ['cancel']],
      );
      assert.equal(run.ended?.status, status);
      assert.equal(world.sources[0]?.heard.at(-1), 'close');
    });

    it(`${ask}s while it waits to restart`, async () => {
      const world = new MasterWorld();
      const run = await world.start();
      world.launcher.slot(0).fail();
      await settle();
      run.master[ask]();
      await settle();
      assert.deepEqual([run.ended?.status, world.time.pending], [status, 0]);
      await world.time.advance(1_000);
      assert.equal(world.launcher.names, '0@0');
    });

    it(`${ask}s while a checkpoint is being stored, which then exists`, async () => {
      const world = new MasterWorld();
      const run = await world.start({ configuration: RETAINED });
      const store = world.holdManifests();
      await world.time.advance(100);
      run.master[ask]();
      await settle();
      assert.equal(run.ended === undefined, true);
      store();
      await settle();
      assert.equal(run.ended?.status, status);
      assert.deepEqual(await world.checkpoints(), ['chk-1']);
    });
  }

  it('ends a slot that does not stop when cancelled', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start({ cancellationTimeoutMs: 500 });
    run.master.cancel();
    await world.time.advance(499);
    assert.equal(run.ended === undefined, true);
    await world.time.advance(1);
    assert.equal(run.ended?.status, 'CANCELED');
  });

  it('ends every slot when suspended, whether it stops or not', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start();
    run.master.suspend();
    await settle();
    assert.equal(run.ended?.status, 'SUSPENDED');
    assert.equal(world.launcher.slot(0).terminated, 1);
    assert.equal(world.time.pending, 0);
  });

  it('is cancelled although a task fails while it stops, as in Flink', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start();
    run.master.cancel();
    world.launcher.slot(0).fail('closing failed');
    world.launcher.slot(0).report({ type: 'released' });
    await settle();
    assert.deepEqual([run.ended?.status, run.ended?.error], ['CANCELED', undefined]);
    assert.equal(run.master.exceptions.entries[0]?.error.message, 'closing failed');
  });

  it('keeps its failure when cancelled while it fails', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start({ configuration: { 'restart-strategy.type': 'none' } });
    world.launcher.slot(0).fail('boom');
    run.master.cancel();
    world.launcher.slot(0).report({ type: 'released' });
    await settle();
    assert.deepEqual([run.ended?.status, run.ended?.error?.message], ['FAILED', 'boom']);
  });
});

describe('JobMaster: requests', () => {
  it('answers a savepoint with its path, while a checkpoint is pending, too', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    world.launcher.habits = ONCE;
    await world.time.advance(100);
    const saved = new Answer(run.master.triggerSavepoint('/elsewhere/'));
    await settle();
    assert.equal(run.master.checkpointStatistics?.counts.inProgress, 2);
    world.launcher.slot(0).acknowledge(2);
    await settle();
    const [path] = saved.answers;
    assert.match(path ?? '', /^\/elsewhere\/savepoint-job-[0-9a-f]{12}$/);
    assert.equal((await world.manifest(path ?? '')).checkpointId, 2);
    assert.equal(run.master.checkpointStatistics?.counts.inProgress, 1);
    world.launcher.slot(0).acknowledge(1);
    await settle();
    assert.equal(run.master.checkpointStatistics?.counts.completed, 2);
    // Sinks do not commit at a savepoint.
    const completed = world.launcher
      .slot(0)
      .commands.filter((c) => c.type === 'checkpoint-complete');
    assert.deepEqual(completed, [{ type: 'checkpoint-complete', checkpointId: 1 }]);
  });

  it('refuses them before it runs and after it has ended', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: false, release: true, acknowledge: true };
    const master = await world.create();
    await assert.rejects(master.triggerSavepoint(), { code: 'JOB_NOT_RUNNING' });
    const result = master.run();
    await settle();
    await assert.rejects(master.triggerCheckpoint('FULL'), {
      code: 'NOT_ALL_REQUIRED_TASKS_RUNNING',
    });
    master.cancel();
    await result;
    await assert.rejects(master.stopWithSavepoint({ drain: false }), { code: 'JOB_NOT_RUNNING' });
    await assert.rejects(master.rescale({}), { code: 'JOB_NOT_RUNNING' });
  });

  it('refuses a savepoint that has no directory', async () => {
    const run = await new MasterWorld().start({ hasSavepointDirectory: false });
    await assert.rejects(run.master.triggerSavepoint(), { code: 'SAVEPOINT_DIRECTORY_MISSING' });
    assert.match(await run.master.triggerSavepoint('/elsewhere'), /^\/elsewhere\//);
  });

  it('refuses a savepoint whose directory cannot be written to, before any barrier', async () => {
    const world = new MasterWorld();
    world.blobs.faultOf = ({ place }) => (place.startsWith('/bad/') ? 'before' : 'none');
    const run = await world.start();
    await assert.rejects(run.master.triggerSavepoint('/bad'), { code: 'INJECTED' });
    assert.deepEqual(world.launcher.slot(0).types, ['start']);
    assert.equal(run.master.checkpointStatistics?.counts.failed, 0);
  });

  it('answers each request once when the job ends, whatever its end', async () => {
    for (const end of ['cancel', 'suspend', 'fail', 'finish'] as const) {
      const world = new MasterWorld();
      const none = { 'restart-strategy.type': 'none' };
      const run = await world.start({ configuration: none });
      world.launcher.habits = ONCE;
      const answers = [
        new Answer(run.master.triggerSavepoint()),
        new Answer(run.master.triggerCheckpoint('FULL')),
        new Answer(run.master.triggerCheckpoint('CONFIGURED')),
      ];
      await settle();
      if (end === 'fail') world.launcher.slot(0).fail();
      else if (end === 'finish') world.launcher.slot(0).finish();
      else run.master[end]();
      await settle();
      assert.notEqual(run.ended, undefined, end);
      world.launcher.slot(0).acknowledge(1);
      await settle();
      assert.deepEqual(
        answers.map(({ answers: all }) => all.length),
        [1, 1, 1],
        end,
      );
      const refused = /^CHECKPOINT_|^NOT_ALL_REQUIRED_TASKS_RUNNING$/;
      for (const { answers: all } of answers) assert.match(String(all[0]), refused, end);
    }
  });

  it('answers what waits for a store when the store is done', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const store = world.holdManifests();
    const saved = new Answer(run.master.triggerSavepoint());
    await settle();
    run.master.cancel();
    await settle();
    assert.deepEqual(saved.answers, []);
    store();
    await settle();
    assert.match(saved.answers.join(), /^\/savepoints\/savepoint-job-/);
    assert.equal(run.ended?.status, 'CANCELED');
  });

  it('answers a request that comes after another process has taken the job', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start();
    world.rows.faultOf = () => 'none';
    fence(world);
    await world.time.advance(100);
    assert.equal(run.status, 'FAILING');
    const saved = new Answer(run.master.triggerSavepoint());
    await settle();
    assert.deepEqual(saved.answers, ['JOB_NOT_RUNNING']);
  });
});

describe('JobMaster: stop with a savepoint', () => {
  it('finishes when the tasks have, and then says where the savepoint is', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: false }));
    await settle();
    assert.deepEqual(world.launcher.slot(0).types.slice(1), [
      'trigger-checkpoint',
      'checkpoint-complete',
    ]);
    assert.deepEqual(stopped.answers, []);
    world.launcher.slot(0).finish();
    await settle();
    assert.equal(run.ended?.status, 'FINISHED');
    assert.match(stopped.answers.join(), /^\/savepoints\/savepoint-job-/);
    // Nothing but the savepoint is left.
    const [path = ''] = stopped.answers;
    const left = await world.locations();
    assert.deepEqual(await world.checkpoints(), [path.split('/').at(-1)]);
    assert.deepEqual(
      left.filter((location) => !location.startsWith(`${path}/`)),
      [],
    );
  });

  it('leaves the job alone when its directory cannot be written to', async () => {
    const world = new MasterWorld();
    world.blobs.faultOf = ({ place }) => (place.startsWith('/bad/') ? 'before' : 'none');
    const run = await world.start();
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: false, target: '/bad' }));
    await settle();
    assert.equal(stopped.answers.length, 1);
    assert.deepEqual(world.launcher.slot(0).types, ['start']);
    assert.deepEqual([run.master.status, run.ended], ['RUNNING', undefined]);
  });

  it('drains every source first when asked to', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: true }));
    await settle();
    assert.deepEqual(world.launcher.slot(0).types, ['start', 'drain']);
    const slot = world.launcher.slot(0);
    for (const task of slot.subtasks) slot.report({ type: 'task-ended', task });
    await settle();
    assert.deepEqual(slot.types.slice(2), ['trigger-checkpoint', 'checkpoint-complete']);
    slot.finish();
    await settle();
    assert.deepEqual([run.ended?.status, stopped.answers.length], ['FINISHED', 1]);
  });

  it('puts its state into the log before sinks commit, for who takes the job over', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    void new Answer(run.master.stopWithSavepoint({ drain: false }));
    await settle();
    assert.equal(world.launcher.slot(0).types.at(-1), 'checkpoint-complete');
    // The process dies here; another goes on.
    const next = world.successor();
    const again = await next.start({ isRecovered: true });
    assert.deepEqual([again.status, next.launcher.slot(0).restoredId], ['RUNNING', 2]);
    // The savepoint's files are not the job's: no later checkpoint refers to them.
    await next.time.advance(100);
    assert.deepEqual(
      (await next.checkpoints()).filter((name) => /chk/.test(name)),
      ['chk-3'],
    );
    assert.equal((await next.manifest('/checkpoints/job/chk-3')).full, true);
  });

  it('restarts all of the job when its savepoint fails', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const run = await world.start();
    world.launcher.habits = ONCE;
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: false }));
    await settle();
    world.launcher.slot(0).decline(1);
    await settle();
    assert.deepEqual(stopped.answers, ['CHECKPOINT_ASYNC_EXCEPTION']);
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 1@1 0@2 1@3']);
    assert.deepEqual(await world.locations(), []);
  });

  for (const drain of [false, true]) {
    it(`restarts every region when one fails before, with drain=${drain}`, async () => {
      const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
      const run = await world.start();
      world.launcher.habits = ONCE;
      const stopped = new Answer(run.master.stopWithSavepoint({ drain }));
      await settle();
      world.launcher.slot(0).fail();
      await settle();
      assert.deepEqual(stopped.answers, ['CHECKPOINT_COORDINATOR_SUSPEND']);
      assert.equal(world.launcher.slot(1).types.at(-1), 'cancel');
      await world.time.advance(50);
      assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 1@1 0@2 1@3']);
      const [entry, ...others] = run.master.exceptions.entries;
      assert.deepEqual(
        [entry?.error.message, entry?.concurrentExceptions, others],
        ['boom', [], []],
      );
    });
  }

  it('restarts every region when a slot is lost while the savepoint is being stored', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const run = await world.start();
    const store = world.holdManifests();
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: false }));
    await settle();
    world.launcher.slot(0).lose();
    await settle();
    store();
    await settle();
    assert.deepEqual(stopped.answers, ['STOP_WITH_SAVEPOINT_FAILED']);
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 1@1 0@2 1@3']);
    // It goes on from where it was: what the stop would have ended is not in the log any more.
    assert.deepEqual(
      (await world.checkpoints()).filter((name) => /chk/.test(name)),
      [],
    );
  });

  it('fails for good when a task fails after it, naming the savepoint', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const stopped = new Answer(run.master.stopWithSavepoint({ drain: false }));
    await settle();
    world.launcher.slot(0).fail('the commit failed');
    await settle();
    assert.deepEqual(stopped.answers, ['STOP_WITH_SAVEPOINT_STOPPING']);
    assert.equal(run.ended?.status, 'FAILED');
    assert.match(
      run.ended.error?.message ?? '',
      /savepoint has been created.* path=\/savepoints\//,
    );
    const causes = run.master.exceptions.entries.map(({ error }) => error.message);
    assert.ok(causes.includes('the commit failed'));
    assert.match((await world.checkpoints()).join(), /^savepoint-job-[0-9a-f]+$/);
  });

  it('is refused twice, and the first goes on', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const first = new Answer(run.master.stopWithSavepoint({ drain: false }));
    const second = new Answer(run.master.stopWithSavepoint({ drain: true }));
    await settle();
    assert.deepEqual(second.answers, ['PERIODIC_SCHEDULER_SHUTDOWN']);
    world.launcher.slot(0).finish();
    await settle();
    assert.match(first.answers.join(), /^\/savepoints/);
  });
});

/** Another process takes the job: whatever this one writes from now on is refused. */
function fence(world: MasterWorld): void {
  world.storedRows.write = () =>
    Promise.reject(new StreamError({ kind: 'fenced', code: 'FENCED', message: 'taken over' }));
}
