import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Answer, MasterWorld, scriptedSource } from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';

const SILENT = { run: true, release: true, acknowledge: false };

describe('JobMaster: rescale', () => {
  it('goes on at another parallelism, up and down, from a checkpoint taken now', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    const run = await world.start();
    await rescaleAll(run.master, 3);
    await settle();
    assert.equal(world.launcher.names, '0@0 1@0 0@1 1@1 2@1');
    assert.equal(run.status, 'RUNNING');
    assert.deepEqual(
      world.launcher.slots.slice(2).map(({ restoredId }) => restoredId),
      [1, 1, 1],
    );
    assert.deepEqual(
      run.master.snapshot().vertices.map(({ parallelism }) => parallelism),
      [3, 3],
    );
    assert.deepEqual(world.sources[0]?.heard.slice(4), [
      'close',
      'restored {"of":"a"}',
      'start',
      'reader 0',
      'reader 1',
      'reader 2',
    ]);
    await rescaleAll(run.master, 1);
    await settle();
    assert.equal(world.launcher.names.split(' ').at(-1), '0@2');
    const recorded = world.journal.entries.map(({ parallelism }) => Object.values(parallelism));
    assert.deepEqual([...new Set(recorded.map(String))], ['', '3,3', '1,1']);
    assert.deepEqual(run.master.exceptions.entries, []);
    const { counts, latest } = run.master.checkpointStatistics ?? {};
    assert.deepEqual([counts?.restored, latest?.restored?.checkpointId], [2, 2]);
  });

  it('is durable when it is answered', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const recorded = () => Object.values(world.journal.entries.at(-1)?.parallelism ?? {});
    world.journal.gate = async () => {
      await settle();
    };
    await rescaleAll(run.master, 3);
    assert.deepEqual(recorded(), [3, 3]);
  });

  it('refuses what cannot be, and the job runs on', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    const run = await world.start();
    await assert.rejects(rescaleAll(run.master, 0), { code: 'INVALID_PARALLELISM' });
    await assert.rejects(rescaleAll(run.master, 1.5), { code: 'INVALID_PARALLELISM' });
    await assert.rejects(rescaleAll(run.master, 129), { code: 'PARALLELISM_ABOVE_MAX' });
    await assert.rejects(run.master.rescale({ nobody: 2 }), { code: 'UNKNOWN_VERTEX' });
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 1@0']);
    assert.equal(run.master.checkpointStatistics?.counts.total, 0);
  });

  it('stays as it is when its checkpoint fails', async () => {
    const world = new MasterWorld();
    const run = await world.start({
      configuration: { 'execution.checkpointing.tolerable-failed-checkpoints': 5 },
    });
    world.launcher.habits = SILENT;
    const answer = new Answer(rescaleAll(run.master, 2));
    await settle();
    world.launcher.slot(0).decline(1);
    await settle();
    assert.deepEqual(answer.answers, ['CHECKPOINT_ASYNC_EXCEPTION']);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0']);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    // Nor at the next restart.
    assert.deepEqual(world.journal.entries.at(-1), { attempt: 1, parallelism: {} });
  });

  it('answers once each when two ask at a time', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    const answers = [new Answer(rescaleAll(run.master, 2)), new Answer(rescaleAll(run.master, 3))];
    await settle();
    assert.deepEqual(
      answers.map(({ answers: all }) => all.length),
      [1, 1],
    );
    const refused = answers.filter(({ answers: all }) => typeof all[0] === 'string');
    assert.equal(refused.length, 1);
    const parallelism = run.master.snapshot().vertices[0]?.parallelism;
    assert.deepEqual(
      Object.values(world.journal.entries.at(-1)?.parallelism ?? {})[0],
      parallelism,
    );
    assert.equal(run.status, 'RUNNING');
  });

  it('says that the job does not run when it is cancelled before', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    world.launcher.habits = SILENT;
    const answer = new Answer(rescaleAll(run.master, 2));
    await settle();
    world.launcher.slot(0).acknowledge(1);
    await settle();
    assert.deepEqual(answer.answers, [undefined]);
    const late = new Answer(rescaleAll(run.master, 3));
    run.master.cancel();
    await run.result;
    assert.equal(late.answers.length, 1);
    assert.equal(typeof late.answers[0], 'string');
  });

  it('tries again when storage does not answer while it is laid out anew', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    world.launcher.habits = { ...SILENT, release: false, acknowledge: true };
    await rescaleAll(run.master, 2);
    world.blobs.faultOf = ({ operation }) => (operation === 'get' ? 'before' : 'none');
    world.launcher.slot(0).report({ type: 'released' });
    await settle();
    assert.deepEqual([run.status, world.launcher.names], ['RESTARTING', '0@0']);
    world.blobs.faultOf = () => 'none';
    await world.time.advance(50);
    assert.deepEqual([run.status, world.launcher.names], ['RUNNING', '0@0 0@1 1@1']);
    assert.match(run.master.exceptions.entries[0]?.error.message ?? '', /injected fault/);
  });

  it('is cancelled while it is laid out anew', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    world.launcher.habits = { ...SILENT, release: false, acknowledge: true };
    await rescaleAll(run.master, 2);
    const gate = Promise.withResolvers<void>();
    const get = world.storedBlobs.get.bind(world.storedBlobs);
    world.storedBlobs.get = (location, range) => gate.promise.then(() => get(location, range));
    world.launcher.slot(0).report({ type: 'released' });
    await settle();
    run.master.cancel();
    await settle();
    assert.equal(run.ended === undefined, true);
    gate.resolve();
    await settle();
    assert.equal(run.ended?.status, 'CANCELED');
    assert.equal(world.launcher.names, '0@0');
    // It ends as it ran.
    assert.deepEqual(
      run.master.snapshot().vertices.map((v) => v.parallelism),
      [1, 1],
    );
  });
});

function rescaleAll(
  master: { snapshot(): { vertices: readonly { id: string }[] }; rescale: Rescale },
  parallelism: number,
): Promise<void> {
  const { vertices } = master.snapshot();
  return master.rescale(Object.fromEntries(vertices.map(({ id }) => [id, parallelism])));
}

type Rescale = (parallelism: Readonly<Record<string, number>>) => Promise<void>;
