import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MasterWorld, scriptedSource } from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';

describe('JobMaster: deployment', () => {
  it('records an attempt before it launches; starts a region when all slots run', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    world.launcher.habits = { run: false, release: true, acknowledge: true };
    const gate = Promise.withResolvers<void>();
    world.journal.gate = () => gate.promise;
    const run = await world.start();
    assert.deepEqual([run.status, world.launcher.names], ['CREATED', '']);
    gate.resolve();
    await settle();
    assert.deepEqual(world.journal.entries, [{ attempt: 0, parallelism: {} }]);
    assert.equal(world.launcher.names, '0@0 1@0');
    world.launcher.slot(1).report({ type: 'running' });
    await settle();
    assert.deepEqual([run.status, world.launcher.slot(1).types], ['CREATED', []]);
    world.launcher.slot(0).report({ type: 'running' });
    await settle();
    assert.equal(run.status, 'RUNNING');
    assert.deepEqual(
      world.launcher.slots.map(({ types }) => types),
      [['start'], ['start']],
    );
    assert.deepEqual(world.sources[0]?.heard, ['new', 'start', 'reader 0', 'reader 1']);
  });

  it('takes the first checkpoint an interval after every region runs', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    world.launcher.habits = { run: false, release: true, acknowledge: true };
    const run = await world.start();
    assert.equal(world.launcher.names, '0@0 1@1');
    world.launcher.slot(0).report({ type: 'running' });
    await world.time.advance(300);
    assert.deepEqual(world.launcher.slot(0).types, ['start']);
    world.launcher.slot(1).report({ type: 'running' });
    await settle();
    await world.time.advance(99);
    assert.equal(run.master.checkpointStatistics?.counts.total, 0);
    await world.time.advance(1);
    const both = ['start', 'trigger-checkpoint', 'checkpoint-complete'];
    assert.deepEqual(
      world.launcher.slots.map(({ types }) => types),
      [both, both],
    );
    const [trigger] = world.launcher
      .slot(1)
      .commands.filter((c) => c.type === 'trigger-checkpoint');
    // It begins at its source only, in its own slot.
    assert.deepEqual(trigger?.type === 'trigger-checkpoint' && trigger.tasks, [
      world.launcher.slot(1).subtasks[0],
    ]);
  });

  it('finishes when every slot is released, and keeps nothing', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    assert.deepEqual(await world.checkpoints(), ['chk-1']);
    world.launcher.slot(0).finish();
    await settle();
    assert.equal(run.ended?.status, 'FINISHED');
    assert.equal(run.ended.error, undefined);
    assert.deepEqual(await world.locations(), []);
    assert.equal(world.time.pending, 0);
    assert.deepEqual(world.sources[0]?.heard, ['new', 'start', 'reader 0', 'close']);
  });

  it('fails when its launcher throws and no restart is left', async () => {
    const world = new MasterWorld();
    world.launcher.refusal = new Error('no threads');
    const run = await world.start({ configuration: { 'restart-strategy.type': 'none' } });
    assert.equal(run.ended?.status, 'FAILED');
    assert.equal(run.ended.error?.message, 'no threads');
  });

  it('tries again when its launcher throws and may', async () => {
    const world = new MasterWorld();
    world.launcher.refusal = new Error('no threads');
    const run = await world.start();
    assert.deepEqual([run.status, world.launcher.names], ['RESTARTING', '']);
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@1']);
  });
});

describe('JobMaster: failover', () => {
  it('restarts the region that failed from the newest checkpoint, no other', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const run = await world.start();
    const [a, b] = world.sources;
    a?.contexts[0]?.assignSplits(0, ['a1']);
    b?.contexts[0]?.assignSplits(0, ['b1']);
    await world.time.advance(100);
    a?.contexts[0]?.assignSplits(0, ['a2']);
    b?.contexts[0]?.assignSplits(0, ['b2']);
    world.launcher.slot(0).fail();
    await settle();
    assert.equal(run.status, 'RESTARTING');
    assert.deepEqual(world.logged, ['warn the job restarts after: boom']);
    assert.equal(world.launcher.slot(0).types.at(-1), 'cancel');
    assert.ok(!world.launcher.slot(1).types.includes('cancel'));
    await world.time.advance(50);
    assert.equal(world.launcher.names, '0@0 1@1 0@2');
    assert.deepEqual([run.status, world.launcher.slot(0).restoredId], ['RUNNING', 1]);
    // What the reader got before the checkpoint is in it; the other reader keeps what it has.
    assert.deepEqual(a?.heard, ['new', 'start', 'reader 0', 'back a2 from 0', 'reader 0']);
    assert.deepEqual(b?.heard, ['new', 'start', 'reader 0']);
    assert.deepEqual(
      world.journal.entries.map(({ attempt }) => attempt),
      [0, 1, 2],
    );
  });

  it('tells where each task runs, and where it ran when the job has ended', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const { master } = await world.start();
    const shown = () =>
      master
        .executions()
        .flatMap(({ subtasks }) => subtasks)
        .map(({ state, place }) => `${state} ${place?.taskManagerId} ${place?.endpoint}`);
    // Each slot has a source and its sink.
    const everywhere = (state: string): string[] =>
      ['tm-0@2 host:0', 'tm-1@1 host:1'].flatMap((at) => [`${state} ${at}`, `${state} ${at}`]);
    world.launcher.slot(0).fail();
    await settle();
    await world.time.advance(50);
    assert.equal(world.launcher.names, '0@0 1@1 0@2');
    assert.deepEqual(shown(), everywhere('RUNNING'));
    master.cancel();
    await settle();
    assert.deepEqual(shown(), everywhere('CANCELED'));
  });

  it('gives everything back when no checkpoint has completed', async () => {
    const world = new MasterWorld();
    await world.start();
    world.sources[0]?.contexts[0]?.assignSplits(0, ['a1', 'a2']);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    assert.deepEqual(world.launcher.slot(0).launch.restore, []);
    assert.equal(world.sources[0]?.heard.at(-2), 'back a1 a2 from 0');
  });

  it('waits for every slot of the region and the delay before it deploys again', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start();
    const [first, second] = world.launcher.slots;
    first?.fail();
    first?.report({ type: 'released' });
    await world.time.advance(60);
    assert.equal(world.launcher.slots.length, 2);
    second?.report({ type: 'released' });
    await settle();
    assert.deepEqual([world.launcher.names, run.status], ['0@0 1@0 0@1 1@1', 'RUNNING']);
  });

  it('ignores what slots of an earlier attempt report', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const old = world.launcher.slot(0);
    old.fail();
    await world.time.advance(50);
    const exceptions = run.master.exceptions.entries.length;
    old.fail('late');
    old.lose();
    old.report({ type: 'released' });
    old.report({ type: 'running' });
    for (const task of old.subtasks) old.report({ type: 'task-finished', task });
    old.report({
      type: 'reader-event',
      task: first(old.subtasks),
      event: { type: 'request-split' },
    });
    await settle();
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 0@1']);
    assert.equal(run.master.exceptions.entries.length, exceptions);
    assert.ok(!world.sources[0]?.heard.includes('request 0'));
    // Its acks do not count either.
    world.launcher.habits = { run: true, release: true, acknowledge: false };
    await world.time.advance(100);
    old.acknowledge(1);
    await settle();
    assert.equal(run.master.checkpointStatistics?.counts.completed, 0);
    world.launcher.slot(0).acknowledge(1);
    await settle();
    assert.equal(run.master.checkpointStatistics?.counts.completed, 1);
  });

  it('ends a slot that does not stop in time, and goes on', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start({ cancellationTimeoutMs: 500 });
    const stuck = world.launcher.slot(0);
    stuck.fail();
    await world.time.advance(499);
    assert.deepEqual([stuck.terminated, run.status], [0, 'RESTARTING']);
    await world.time.advance(1);
    assert.ok(stuck.terminated > 0);
    assert.equal(world.launcher.names, '0@0 0@1');
    assert.ok(world.logged.some((line) => line.startsWith('warn a slot did not stop')));
  });

  it('waits for ever for a slot that does not stop when there is no time limit', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    await world.start({ cancellationTimeoutMs: 0 });
    world.launcher.slot(0).fail();
    await world.time.advance(1_000_000);
    assert.deepEqual([world.launcher.names, world.launcher.slot(0).terminated], ['0@0', 0]);
  });

  it('takes a lost slot for a failure of its region', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    const run = await world.start();
    world.launcher.slot(1).lose('out of memory');
    await settle();
    assert.equal(run.status, 'RESTARTING');
    assert.equal(world.launcher.slot(0).types.at(-1), 'cancel');
    await world.time.advance(50);
    assert.equal(world.launcher.names, '0@0 1@0 0@1 1@1');
    const [entry] = run.master.exceptions.entries;
    assert.deepEqual([entry?.error.message, entry?.slotIndex], ['out of memory', 1]);
    assert.deepEqual(entry?.place, { taskManagerId: 'tm-1@0', endpoint: 'host:1' });
  });

  it('fails with the first cause when the restarts are used up', async () => {
    const world = new MasterWorld();
    const one = { 'restart-strategy.fixed-delay.attempts': 1 };
    const run = await world.start({ configuration: one });
    world.launcher.slot(0).fail('first');
    await world.time.advance(50);
    world.launcher.slot(0).fail('second');
    await settle();
    assert.deepEqual([run.ended?.status, run.ended?.error?.message], ['FAILED', 'second']);
  });

  it('begins the checkpoints anew when all regions run again', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const run = await world.start();
    world.launcher.habits = { run: true, release: true, acknowledge: false };
    await world.time.advance(100);
    assert.equal(run.master.checkpointStatistics?.counts.inProgress, 1);
    world.launcher.slot(0).fail();
    await settle();
    assert.equal(world.launcher.slot(1).types.at(-1), 'checkpoint-aborted');
    await world.time.advance(149);
    assert.equal(run.master.checkpointStatistics?.counts.total, 1);
    world.launcher.habits = { run: true, release: true, acknowledge: true };
    await world.time.advance(1);
    assert.equal(run.master.checkpointStatistics?.counts.completed, 1);
  });

  it('deploys only when a checkpoint that is being stored has ended, and from it', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const store = world.holdManifests();
    await world.time.advance(100);
    world.launcher.slot(0).fail();
    await world.time.advance(60);
    assert.deepEqual([run.status, world.launcher.names], ['RESTARTING', '0@0']);
    store();
    await settle();
    assert.deepEqual([world.launcher.names, world.launcher.slot(0).restoredId], ['0@0 0@1', 1]);
  });
});

describe('JobMaster: exception history', () => {
  it('keeps what fails together under its root cause', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    world.launcher.habits = { run: true, release: false, acknowledge: true };
    const run = await world.start();
    world.launcher.slot(1).fail('root');
    world.launcher.slot(0).fail('because of it');
    await settle();
    const [entry, ...others] = run.master.exceptions.entries;
    assert.deepEqual(others, []);
    assert.equal(entry?.error.message, 'root');
    assert.equal(entry.taskName, 'Source: a (2/2)');
    assert.deepEqual(
      entry.concurrentExceptions.map(({ error, taskName }) => [error.message, taskName]),
      [['because of it', 'Source: a (1/2)']],
    );
  });

  it('takes each failure that restarts the job for a root cause of its own', async () => {
    const world = new MasterWorld();
    world.launcher.habits = { run: false, release: true, acknowledge: true };
    const run = await world.start();
    for (const name of ['one', 'two', 'three']) {
      // While the job is still being deployed, too.
      world.launcher.slot(0).fail(name);
      await world.time.advance(50);
    }
    assert.deepEqual(
      run.master.exceptions.entries.map(({ error, concurrentExceptions }) => [
        error.message,
        concurrentExceptions.length,
      ]),
      [
        ['three', 0],
        ['two', 0],
        ['one', 0],
      ],
    );
  });

  it('merges failures that come before an exponential delay is over', async () => {
    const world = new MasterWorld(scriptedSource('a'), scriptedSource('b'));
    const run = await world.start({
      configuration: { 'restart-strategy.type': 'exponential-delay' },
    });
    world.launcher.slot(0).fail('one');
    await world.time.advance(500);
    world.launcher.slot(1).fail('two');
    await settle();
    const [entry, ...others] = run.master.exceptions.entries;
    assert.deepEqual([entry?.error.message, others], ['one', []]);
    assert.deepEqual(
      entry?.concurrentExceptions.map(({ error }) => error.message),
      ['two'],
    );
  });
});

describe('JobMaster: enumerators', () => {
  it('restarts every region when an enumerator fails, from the newest checkpoint', async () => {
    const script = {
      handleSplitRequest: (): void => {
        throw new Error('no such bucket');
      },
    };
    const world = new MasterWorld(scriptedSource('a', 1, script), scriptedSource('b'));
    const run = await world.start();
    await world.time.advance(100);
    const slot = world.launcher.slot(0);
    slot.report({
      type: 'reader-event',
      task: first(slot.subtasks),
      event: { type: 'request-split' },
    });
    await settle();
    assert.equal(run.status, 'RESTARTING');
    assert.match(
      run.master.exceptions.entries[0]?.error.message ?? '',
      /source "a".*no such bucket/,
    );
    await world.time.advance(50);
    assert.equal(world.launcher.names, '0@0 1@1 0@2 1@3');
    for (const { name, heard } of world.sources) {
      assert.deepEqual(heard.slice(3), ['close', `restored {"of":"${name}"}`, 'start', 'reader 0']);
    }
  });

  it('tries again when an enumerator cannot be made', async () => {
    const source = scriptedSource('a');
    source.createFails = true;
    const world = new MasterWorld(source);
    const run = await world.start();
    assert.equal(run.status, 'RESTARTING');
    source.createFails = false;
    await world.time.advance(50);
    assert.equal(run.status, 'RUNNING');
    assert.deepEqual(source.heard, ['new', 'new', 'start', 'reader 0']);
  });

  it('ends its run although an enumerator cannot be closed', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('stuck'));
    const world = new MasterWorld(scriptedSource('a', 1, { close }), scriptedSource('b'));
    const run = await world.start();
    await world.time.advance(100);
    run.master.cancel();
    await settle();
    assert.equal(run.ended?.status, 'CANCELED');
    assert.equal(world.sources[1]?.heard.at(-1), 'close');
    assert.deepEqual(await world.locations(), []);
    assert.ok(world.logged.some((line) => /^warn .*enumerator/.test(line)));
  });

  it('goes on although the enumerator it replaces cannot be closed', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('stuck'));
    const fails = (): void => {
      throw new Error('no such bucket');
    };
    const script = { close, handleSplitRequest: fails };
    const world = new MasterWorld(scriptedSource('a', 1, script));
    const run = await world.start();
    const slot = world.launcher.slot(0);
    slot.report({
      type: 'reader-event',
      task: first(slot.subtasks),
      event: { type: 'request-split' },
    });
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 0@1']);
    assert.equal(run.master.exceptions.entries.length, 1);
  });

  it('launches nothing when splits cannot be given back, and restarts all of it', async () => {
    const addSplitsBack = (): void => {
      throw new Error('not mine');
    };
    const world = new MasterWorld(scriptedSource('a', 1, { addSplitsBack }));
    const run = await world.start();
    world.sources[0]?.contexts[0]?.assignSplits(0, ['a1']);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RESTARTING', '0@0']);
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 0@2']);
  });

  it('fails a checkpoint whose enumerators cannot say their state, and not the job', async () => {
    const snapshotState = (): never => {
      throw new Error('not now');
    };
    const world = new MasterWorld(scriptedSource('a', 1, { snapshotState }));
    const run = await world.start();
    await world.time.advance(100);
    const { counts, history } = run.master.checkpointStatistics ?? {};
    assert.deepEqual([counts?.failed, run.status], [1, 'RUNNING']);
    assert.match(history?.[0]?.error?.message ?? '', /source "a".*not now/);
    assert.ok(!world.launcher.slot(0).types.includes('trigger-checkpoint'));
  });
});

function first<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}
