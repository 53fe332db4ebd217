import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimSavepoint } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import {
  Answer,
  MasterWorld,
  scriptedSource,
  withSavepoint,
} from './job-master-world.conformance.ts';
import { settle } from './manual-time.conformance.ts';

const RETAIN = 'execution.checkpointing.externalized-checkpoint-retention';
const SILENT = { run: true, release: true, acknowledge: false };

describe('JobMaster: retention', () => {
  const KEPT = ['chk-2', 'chk-3'];
  for (const [retention, kept] of Object.entries({
    NO_EXTERNALIZED_CHECKPOINTS: { finish: [], cancel: [], fail: [], suspend: KEPT },
    DELETE_ON_CANCELLATION: { finish: [], cancel: [], fail: KEPT, suspend: KEPT },
    RETAIN_ON_CANCELLATION: { finish: [], cancel: KEPT, fail: KEPT, suspend: KEPT },
  })) {
    for (const [end, expected] of Object.entries(kept)) {
      it(`${retention}: keeps ${expected.length} of 2 at the end by ${end}`, async () => {
        const world = new MasterWorld();
        // Of somebody else.
        await world.storedBlobs.put('/checkpoints/other/shared/x.seg', new Uint8Array(1));
        await world.storedBlobs.put('/checkpoints/job/notes.txt', new Uint8Array(1));
        const run = await world.start({
          configuration: {
            [RETAIN]: retention,
            'execution.checkpointing.num-retained': 2,
            'restart-strategy.type': 'none',
          },
        });
        const savepoint = await run.master.triggerSavepoint();
        await world.time.advance(200);
        if (end === 'fail') world.launcher.slot(0).fail();
        else if (end === 'finish') world.launcher.slot(0).finish();
        else run.master[end as 'cancel' | 'suspend']();
        await run.result;
        const [saved, ...others] = (await world.checkpoints()).toReversed();
        assert.equal(saved, savepoint.split('/').at(-1));
        assert.deepEqual(others.toReversed(), expected);
        // What the kept ones refer to is there; of the others nothing is.
        const segments = (await world.locations()).filter((l) =>
          l.startsWith('/checkpoints/job/sh'),
        );
        const vertices = 2;
        assert.equal(segments.length, expected.length * vertices);
        const strangers = ['/checkpoints/job/notes.txt', '/checkpoints/other/shared/x.seg'];
        for (const stranger of strangers) assert.ok((await world.locations()).includes(stranger));
      });
    }
  }

  it('keeps the checkpoints of a job whose end could not be recorded', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    world.journal.ending = () =>
      Promise.reject(new StreamError({ kind: 'unavailable', code: 'EIO', message: 'no disk' }));
    world.launcher.slot(0).finish();
    await world.time.advance(60_000);
    assert.equal(run.ended?.status, 'FINISHED');
    assert.deepEqual(await world.checkpoints(), ['chk-1']);
  });

  it('records its end before its checkpoints go, and after all else is written', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    const gate = Promise.withResolvers<void>();
    world.journal.ending = () => gate.promise;
    world.launcher.slot(0).finish();
    await settle();
    assert.deepEqual(await world.checkpoints(), ['chk-1']);
    assert.equal(run.ended === undefined, true);
    gate.resolve();
    await run.result;
    assert.deepEqual([await world.locations(), world.journal.ends], [[], ['FINISHED']]);
  });
});

describe('JobMaster: storage that fails', () => {
  it('fails when fenced at a checkpoint, and neither deletes nor writes anything', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    await claimSavepoint(world.blobs, path, 'job');
    const run = await world.start({ restore: { path, claimMode: 'CLAIM' } });
    await settle();
    takeOver(world);
    await world.time.advance(100);
    assert.deepEqual([run.ended?.status, run.ended?.error?.kind], ['FAILED', 'fenced']);
    const left = await world.locations();
    assert.ok(left.includes(`${path}/_metadata`) && left.includes(`${path}/_claimed`));
    assert.ok(!world.launcher.slot(0).types.includes('checkpoint-complete'));
  });

  it('leaves what it claimed to who took the job over, right after a checkpoint, too', async () => {
    const { world: first, path } = await withSavepoint();
    const world = first.successor();
    await claimSavepoint(world.blobs, path, 'job');
    await world.start({ restore: { path, claimMode: 'CLAIM' } });
    let writes = 0;
    world.rows.faultOf = ({ operation }) => {
      // The checkpoint's row is written; before anything is dropped, the job is taken over.
      if (operation === 'write') writes += 1;
      if (writes === 1) takeOver(world);
      return 'none';
    };
    await world.time.advance(100);
    assert.deepEqual(await world.checkpoints(), ['chk-2', path.split('/').at(-1)]);
  });

  for (const type of ['savepoint', 'stop'] as const) {
    it(`completes no ${type} once fenced`, async () => {
      const world = new MasterWorld();
      const run = await world.start();
      await world.time.advance(100);
      takeOver(world);
      const stop = { drain: false };
      const answer = new Answer(
        type === 'stop' ? run.master.stopWithSavepoint(stop) : run.master.triggerSavepoint(),
      );
      await settle();
      assert.deepEqual(answer.answers, ['JOB_FENCED']);
      assert.deepEqual([run.ended?.status, run.ended?.error?.code], ['FAILED', 'JOB_FENCED']);
      assert.deepEqual(await world.checkpoints(), ['chk-1']);
      const completed = world.launcher.slot(0).types.filter((t) => t === 'checkpoint-complete');
      assert.equal(completed.length, 1);
    });
  }

  it('ends without a restart when fenced at the record of an attempt', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    await world.time.advance(100);
    world.journal.gate = () =>
      Promise.reject(new StreamError({ kind: 'fenced', code: 'JOB_FENCED', message: 'taken' }));
    takeOver(world);
    world.launcher.slot(0).fail();
    await world.time.advance(50);
    assert.deepEqual([run.ended?.status, run.ended?.error?.code], ['FAILED', 'JOB_FENCED']);
    assert.deepEqual([world.launcher.names, await world.checkpoints()], ['0@0', ['chk-1']]);
  });

  it('goes on with the next checkpoint when nobody can tell whether one completed', async () => {
    const world = new MasterWorld();
    const run = await world.start({
      configuration: { 'execution.checkpointing.tolerable-failed-checkpoints': 1 },
    });
    // It is written, and then the rows do not answer.
    let isGone = false;
    world.rows.faultOf = ({ operation }) => {
      if (isGone) return 'before';
      isGone = operation === 'write';
      return isGone ? 'after' : 'none';
    };
    await world.time.advance(100);
    assert.deepEqual(run.master.checkpointStatistics?.counts.failed, 1);
    assert.match(
      JSON.stringify(run.master.checkpointStatistics?.latest.failed?.error),
      /CHECKPOINT_OUTCOME_UNKNOWN/,
    );
    // Nothing it refers to goes, since it may exist.
    assert.deepEqual(await world.checkpoints(), ['chk-1']);
    assert.equal((await world.locations()).length, 3);
    world.rows.faultOf = () => 'none';
    await world.time.advance(100);
    assert.equal(run.master.checkpointStatistics?.counts.completed, 1);
    assert.equal(run.status, 'RUNNING');
  });

  it('tolerates as many failed checkpoints as it may, and restarts at one more', async () => {
    const world = new MasterWorld();
    const run = await world.start({
      configuration: { 'execution.checkpointing.tolerable-failed-checkpoints': 2 },
    });
    world.blobs.faultOf = ({ operation, place }) =>
      operation === 'put' && place.endsWith('_metadata') ? 'before' : 'none';
    await world.time.advance(200);
    assert.deepEqual([run.status, run.master.checkpointStatistics?.counts.failed], ['RUNNING', 2]);
    await world.time.advance(100);
    assert.deepEqual(
      [run.status, run.master.checkpointStatistics?.counts.failed],
      ['RESTARTING', 3],
    );
    const code = run.master.exceptions.entries[0]?.error.code;
    assert.equal(code, 'CHECKPOINT_FAILURES_EXCEEDED');
    world.blobs.faultOf = () => 'none';
    await world.time.advance(150);
    assert.deepEqual(
      [run.status, run.master.checkpointStatistics?.counts.completed],
      ['RUNNING', 1],
    );
  });

  it('collects what an attempt stored for checkpoints that failed, once it is over', async () => {
    const world = new MasterWorld();
    const run = await world.start();
    world.blobs.faultOf = ({ operation, place }) =>
      operation === 'put' && place.endsWith('_metadata') ? 'before' : 'none';
    await world.time.advance(700);
    assert.deepEqual(await world.checkpoints(), []);
    // Of the present attempt, whose next checkpoint may refer to them, and the one before.
    const attempts = world.launcher.slots.length;
    assert.ok(attempts > 3, `${attempts}`);
    const vertices = 2;
    assert.ok((await world.locations()).length <= 2 * vertices, `${await world.locations()}`);
    run.master.cancel();
    await run.result;
    assert.deepEqual(await world.locations(), []);
  });

  it('collects what failed checkpoints stored when a later one supersedes one', async () => {
    const world = new MasterWorld();
    await world.start({
      configuration: { 'execution.checkpointing.tolerable-failed-checkpoints': 9 },
    });
    let failures = 3;
    world.blobs.faultOf = ({ operation, place }) =>
      operation === 'put' && place.endsWith('_metadata') && failures-- > 0 ? 'before' : 'none';
    await world.time.advance(300);
    const vertices = 2;
    assert.equal((await world.locations()).length, 3 * vertices);
    await world.time.advance(200);
    assert.deepEqual(await world.checkpoints(), ['chk-5']);
    assert.equal((await world.locations()).length, vertices + 1);
  });

  it('empties the directory of a savepoint that failed, of blobs that come late, too', async () => {
    const world = new MasterWorld(scriptedSource('a', 2));
    world.launcher.habits = SILENT;
    const run = await world.start();
    const saved = new Answer(run.master.triggerSavepoint());
    await settle();
    world.launcher.slot(0).acknowledge(1);
    await settle();
    world.launcher.slot(1).decline(1);
    await settle();
    assert.deepEqual(saved.answers, ['CHECKPOINT_ASYNC_EXCEPTION']);
    assert.deepEqual(await world.locations(), []);
    world.launcher.slot(1).acknowledge(1);
    await settle();
    run.master.cancel();
    await run.result;
    assert.deepEqual(await world.locations(), []);
  });
});

/** Another process takes the job: from now on its fence refuses what this one writes. */
function takeOver(world: MasterWorld): void {
  const key = { partitionKey: 'job#job', sortKey: 'coordinator' } as const;
  world.journal.steps = [{ type: 'check', ...key, expectedVersion: 7 }];
}
