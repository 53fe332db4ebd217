/** Goal: jobs of a cluster neither vanish nor run twice. Method: masters that end on command. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { JobStore } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import {
  FaultyRowStore,
  MemoryBlobStore,
  MemoryRowStore,
  type StoreCall,
} from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner, jobIdOf, rowText } from './dispatcher-fixture.ts';
import type { JobHistorySettings } from './job-history.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

const SAVEPOINT = '/savepoints/savepoint-aaaaaa-000000000000';

describe('Dispatcher', () => {
  let rows: MemoryRowStore;
  let blobs: MemoryBlobStore;
  let planner: FakePlanner;
  let logged: string[];
  let faulty: FaultyRowStore;
  let time: ManualTime;
  let processes = 0;

  beforeEach(() => {
    rows = new MemoryRowStore();
    blobs = new MemoryBlobStore();
    planner = new FakePlanner();
    logged = [];
    faulty = new FaultyRowStore(rows);
    time = new ManualTime();
  });

  async function open(
    slotCount = 4,
    history: JobHistorySettings = { maxCount: 100, expirationMs: 60_000 },
  ): Promise<Dispatcher> {
    processes += 1;
    const dispatcher = new Dispatcher({
      rows: faulty,
      blobs,
      jobs: new JobStore(faulty, `writer-${processes}`),
      directory: '/data',
      planner,
      slotCount,
      history,
      clock: time,
      timers: time,
      logger: { log: (_level, message) => logged.push(message) },
    });
    await dispatcher.recover();
    return dispatcher;
  }

  async function submit(dispatcher: Dispatcher, number: number, slots = 1): Promise<string> {
    const jobId = jobIdOf(number);
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: [String(slots)], configuration: {} });
    await settle();
    return jobId;
  }

  async function stored(): Promise<string[]> {
    return (await new JobStore(rows, 'reader').list()).map(({ job }) => rowText(job));
  }

  it('has row and program of a job durable when it answers, and runs it', async () => {
    const dispatcher = await open();
    const jobId = await submit(dispatcher, 1);
    assert.deepEqual(await stored(), ['01 RUNNING 0']);
    assert.deepEqual(
      (await blobs.list('/data')).map(({ location }) => location),
      [`/data/jobs/${jobId}/bundle.mjs`],
    );
    assert.equal(dispatcher.get(jobId).status, 'RUNNING');
    assert.equal(dispatcher.get(jobId).name, 'job 01');
  });

  it('leaves nothing of a job that is refused', async () => {
    const dispatcher = await open();
    for (const where of ['plan', 'check'] as const) {
      planner.failing = where;
      await assert.rejects(submit(dispatcher, 1), { code: 'PLANNED' });
    }
    planner.failing = undefined;
    await assert.rejects(submit(dispatcher, 1, 5), { code: 'NO_RESOURCE_AVAILABLE' });
    assert.deepEqual([await stored(), await blobs.list('/data')], [[], []]);
    assert.deepEqual(dispatcher.list(), []);
  });

  it('refuses an id that is in use', async () => {
    const dispatcher = await open();
    await submit(dispatcher, 1);
    await assert.rejects(submit(dispatcher, 1, 2), { code: 'JOB_ALREADY_SUBMITTED' });
    const other = {
      jobId: jobIdOf(1),
      bundle: Buffer.from('other'),
      args: ['1'],
      configuration: {},
    };
    await assert.rejects(dispatcher.submit(other), { code: 'JOB_ALREADY_SUBMITTED' });
    assert.equal(planner.masters.length, 1);
  });

  it('takes a submission that is sent again for the same job, also after its end', async () => {
    const first = await open();
    const jobId = await submit(first, 1);
    assert.equal(await submit(first, 1), jobId);
    planner.masterOf(jobId).end('FINISHED');
    await first.ended(jobId);
    assert.equal(await submit(first, 1), jobId);
    await first.shutdown();
    assert.equal(await submit(await open(), 1), jobId);
    assert.equal(planner.masters.length, 1);
    assert.deepEqual(await stored(), ['01 FINISHED 0']);
  });

  it('records how a job has ended, and keeps it listed in the next process', async () => {
    const first = await open();
    const jobId = await submit(first, 1);
    const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom' });
    planner.masterOf(jobId).end('FAILED', error);
    await first.ended(jobId);
    assert.deepEqual(await stored(), ['01 FAILED 0']);
    assert.deepEqual(planner.closed, [jobId]);
    const second = await open();
    const job = second.get(jobId);
    assert.deepEqual([job.status, job.error?.code, job.netRuntimeMs], ['FAILED', 'BOOM', 5]);
    assert.deepEqual(job.vertices, first.get(jobId).vertices);
    assert.equal(planner.masters.length, 1);
    assert.deepEqual(await blobs.list('/data/jobs'), []);
  });

  it('tells nobody of an end before its row does', async () => {
    const dispatcher = await open();
    const seen: string[] = [];
    for (const [number, end] of [
      [1, 'FINISHED'],
      [2, 'CANCELED'],
      [3, 'FAILED'],
    ] as const) {
      const jobId = await submit(dispatcher, number);
      planner.masterOf(jobId).end(end);
      seen.push(dispatcher.get(jobId).status);
      await dispatcher.ended(jobId);
      seen.push(dispatcher.get(jobId).status);
    }
    const expected = ['RUNNING', 'FINISHED', 'CANCELLING', 'CANCELED', 'FAILING', 'FAILED'];
    assert.deepEqual(seen, expected);
  });

  it('answers a stop when the row says that the job has ended', async () => {
    const dispatcher = await open();
    const jobId = await submit(dispatcher, 1);
    await dispatcher.stop(jobId, { drain: false });
    assert.deepEqual(await stored(), ['01 FINISHED 0']);
  });

  it('resumes what was running when its process died, with the next attempt', async () => {
    const jobId = await submit(await open(), 1);
    const second = await open();
    await settle();
    const master = planner.masterOf(jobId);
    assert.deepEqual([master.isRecovered, master.journal.lastAttempt], [true, 0]);
    assert.deepEqual(await stored(), ['01 RUNNING 1']);
    assert.equal(second.get(jobId).status, 'RUNNING');
  });

  it('fences the journal of a former process', async () => {
    const jobId = await submit(await open(), 1);
    const former = planner.masterOf(jobId).journal;
    await rows.write(former.fence());
    await open();
    await settle();
    await assert.rejects(former.record({ attempt: 9, parallelism: {} }), {
      code: 'JOB_FENCED',
      kind: 'fenced',
    });
    await assert.rejects(rows.write(former.fence()), { code: 'ROW_CONFLICT' });
    assert.deepEqual(await stored(), ['01 RUNNING 1']);
  });

  it('records attempts without fencing checkpoints that are being written', async () => {
    const jobId = await submit(await open(), 1);
    const { journal } = planner.masterOf(jobId);
    const fence = journal.fence();
    await journal.record({ attempt: 5, parallelism: { v1: 2 } });
    await rows.write(fence);
    assert.deepEqual(await stored(), ['01 RUNNING 5']);
  });

  it('suspends its jobs when it stops, for the next process', async () => {
    const first = await open();
    const jobId = await submit(first, 1);
    await first.shutdown();
    assert.deepEqual(await stored(), ['01 RUNNING 0']);
    await assert.rejects(submit(first, 2), { code: 'CLUSTER_STOPPING' });
    await open();
    await settle();
    assert.equal(planner.masterOf(jobId).isRecovered, true);
  });

  it('gives slots in the order of submission', async () => {
    const dispatcher = await open(4);
    const first = await submit(dispatcher, 1, 3);
    const second = await submit(dispatcher, 2, 2);
    const third = await submit(dispatcher, 3, 1);
    assert.deepEqual(states(dispatcher), ['RUNNING', 'CREATED', 'CREATED']);
    assert.deepEqual(dispatcher.slots, { total: 4, available: 1 });
    await dispatcher.cancel(first);
    await dispatcher.ended(first);
    await settle();
    assert.deepEqual(states(dispatcher), ['CANCELED', 'RUNNING', 'RUNNING']);
    assert.deepEqual(dispatcher.slots, { total: 4, available: 1 });
    assert.deepEqual([second, third], [jobIdOf(2), jobIdOf(3)]);
  });

  it('starts a job that waited in a process before as a new one', async () => {
    const first = await open(1);
    await submit(first, 1);
    const waiting = await submit(first, 2);
    await open(2);
    await settle();
    const master = planner.masterOf(waiting);
    assert.deepEqual([master.isRecovered, master.journal.lastAttempt], [false, -1]);
  });

  it('ends a job whose process died while it was being canceled, and runs it no more', async () => {
    const first = await open();
    const jobId = await submit(first, 1);
    const master = planner.masterOf(jobId);
    master.cancel = () => undefined;
    await first.cancel(jobId);
    assert.deepEqual(await stored(), ['01 CANCELLING 0']);
    await master.journal.record({ attempt: 1, parallelism: {} });
    assert.deepEqual(await stored(), ['01 CANCELLING 1']);
    const second = await open();
    await second.ended(jobId);
    assert.equal(second.get(jobId).status, 'CANCELED');
    assert.equal(planner.masters.length, 1);
  });

  it('cancels a job that waits for slots', async () => {
    const dispatcher = await open(1);
    await submit(dispatcher, 1);
    const waiting = await submit(dispatcher, 2);
    await dispatcher.cancel(waiting);
    assert.deepEqual(await stored(), ['01 RUNNING 0', '02 CANCELED 0']);
    await assert.rejects(dispatcher.cancel(waiting), { code: 'JOB_ALREADY_ENDED' });
  });

  it('shows a job that cannot be resumed as failed; the next process tries again', async () => {
    const jobId = await submit(await open(), 1);
    planner.failing = 'plan';
    const second = await open();
    assert.deepEqual(
      [second.get(jobId).status, second.get(jobId).error?.code],
      ['FAILED', 'PLANNED'],
    );
    assert.deepEqual(await stored(), ['01 RUNNING 0']);
    planner.failing = undefined;
    const third = await open();
    await settle();
    assert.equal(third.get(jobId).status, 'RUNNING');
    planner.failing = 'start';
    const fourth = await open();
    await settle();
    assert.equal(fourth.get(jobId).status, 'FAILED');
    await fourth.cancel(jobId);
    assert.deepEqual(await stored(), ['01 CANCELED 1']);
  });

  describe('while storage does not answer', () => {
    const isTakeover = ({ operation, place }: StoreCall): boolean =>
      operation === 'write' && place === 'coordinator';

    it('resumes a job once it does, and the others at once', async () => {
      const first = await open();
      const jobId = await submit(first, 1);
      await submit(first, 2);
      await first.shutdown();
      planner.unavailable = { where: 'plan', jobId };
      const second = await open();
      await settle();
      assert.deepEqual(states(second), ['RECONCILING', 'RUNNING']);
      planner.unavailable = undefined;
      await time.advance(1000);
      assert.deepEqual(states(second), ['RUNNING', 'RUNNING']);
      assert.equal(planner.masterOf(jobId).isRecovered, true);
      assert.deepEqual(logged, ['a job waits for storage']);
    });

    it('takes a job over again when the outcome of that is not known', async () => {
      for (const fault of ['before', 'after', 'late'] as const) {
        const jobId = await submit(await open(), processes);
        let isFaulty = true;
        faulty.faultOf = (call) => (isFaulty && isTakeover(call) ? fault : 'none');
        const second = await open();
        isFaulty = false;
        assert.equal(second.get(jobId).status, 'RECONCILING');
        await faulty.arrive();
        await time.advance(1000);
        assert.equal(second.get(jobId).status, 'RUNNING');
        await second.shutdown();
      }
    });

    it('keeps a new job that it has taken in, and runs it later', async () => {
      const dispatcher = await open();
      faulty.faultOf = (call) => (isTakeover(call) ? 'before' : 'none');
      const jobId = await submit(dispatcher, 1);
      assert.equal(dispatcher.get(jobId).status, 'CREATED');
      faulty.faultOf = () => 'none';
      await time.advance(1000);
      assert.equal(dispatcher.get(jobId).status, 'RUNNING');
    });

    it('gives a new job up after a minute, and one that ran never', async () => {
      const jobId = await submit(await open(), 1);
      const second = await open();
      await second.shutdown();
      planner.unavailable = { where: 'start' };
      const third = await open();
      const fresh = await submit(third, 2);
      await time.advance(59_000);
      assert.deepEqual(states(third), ['RECONCILING', 'FAILED']);
      assert.equal(third.get(fresh).error?.code, 'NO_ANSWER');
      planner.unavailable = undefined;
      await time.advance(10_000);
      assert.equal(third.get(jobId).status, 'RUNNING');
    });

    it('holds up neither its end nor the start of other jobs', async () => {
      const dispatcher = await open(2);
      const jobId = jobIdOf(1);
      planner.unavailable = { where: 'start', jobId };
      await submit(dispatcher, 1);
      await submit(dispatcher, 2);
      assert.deepEqual(states(dispatcher), ['CREATED', 'RUNNING']);
      await dispatcher.shutdown();
      assert.deepEqual(await stored(), ['01 CREATED 0', '02 RUNNING 0']);
      assert.equal(time.pending, 0);
    });

    it('cancels a job that waits, as soon as its row can say so', async () => {
      await submit(await open(), 1);
      const jobId = await submit(await open(), 2);
      faulty.faultOf = (call) => (isTakeover(call) ? 'before' : 'none');
      const dispatcher = await open();
      await dispatcher.cancel(jobId);
      assert.deepEqual(states(dispatcher), ['RECONCILING', 'CANCELLING']);
      faulty.faultOf = () => 'none';
      await time.advance(1000);
      assert.deepEqual(states(dispatcher), ['RUNNING', 'CANCELED']);
      planner.unavailable = { where: 'start' };
      const third = await submit(dispatcher, 3);
      await dispatcher.cancel(third);
      await dispatcher.ended(third);
      assert.deepEqual(await stored(), ['01 RUNNING 2', '02 CANCELED 0', '03 CANCELED 0']);
    });
  });

  describe('of jobs that have ended', () => {
    it('forgets those that are too old, with all their rows', async () => {
      const dispatcher = await open(4, { maxCount: 100, expirationMs: 1000 });
      for (const number of [1, 2]) await dispatcher.cancel(await submit(dispatcher, number));
      await settle();
      await time.advance(999);
      assert.deepEqual(states(dispatcher), ['CANCELED', 'CANCELED']);
      const running = await submit(dispatcher, 3);
      await time.advance(1);
      assert.deepEqual(await stored(), ['03 RUNNING 0']);
      assert.deepEqual(states(dispatcher), ['RUNNING']);
      assert.throws(() => dispatcher.get(jobIdOf(1)), { code: 'JOB_NOT_FOUND' });
      assert.deepEqual(await rows.query(`job#${jobIdOf(1)}`), []);
      await time.advance(5000);
      assert.equal(dispatcher.get(running).status, 'RUNNING');
    });

    it('knows how they were planned, also over a restart', async () => {
      const first = await open();
      const jobId = await submit(first, 1);
      assert.equal((await first.planOf(jobId))?.jid, jobId);
      await first.cancel(jobId);
      await settle();
      await first.shutdown();
      const second = await open();
      assert.equal((await second.planOf(jobId))?.jid, jobId);
      await assert.rejects(second.planOf(jobIdOf(2)), { code: 'JOB_NOT_FOUND' });
    });

    it('keeps the newest of too many, also over a restart', async () => {
      const first = await open();
      for (const number of [1, 2, 3]) {
        await first.cancel(await submit(first, number));
        await time.advance(1);
      }
      await first.shutdown();
      const second = await open(4, { maxCount: 1, expirationMs: 60_000 });
      await settle();
      assert.deepEqual(await stored(), ['03 CANCELED 0']);
      await second.cancel(await submit(second, 4));
      await settle();
      assert.deepEqual(await stored(), ['04 CANCELED 0']);
      await second.shutdown();
      assert.equal(time.pending, 0);
    });

    it('never forgets one that the next process resumes', async () => {
      await submit(await open(), 1);
      planner.failing = 'plan';
      const second = await open(4, { maxCount: 1, expirationMs: 1 });
      await time.advance(1000);
      assert.deepEqual(states(second), ['FAILED']);
      assert.deepEqual(await stored(), ['01 RUNNING 0']);
    });

    it('tries to forget again when the store refuses', async () => {
      const dispatcher = await open(4, { maxCount: 1, expirationMs: 60_000 });
      const ids = [await submit(dispatcher, 1), await submit(dispatcher, 2)];
      faulty.faultOf = ({ operation }) => (operation === 'query' ? 'before' : 'none');
      for (const jobId of ids) await dispatcher.cancel(jobId);
      await settle();
      assert.deepEqual(logged, ['a job that ended could not be forgotten']);
      faulty.faultOf = () => 'none';
      await dispatcher.cancel(await submit(dispatcher, 3));
      await settle();
      assert.deepEqual(await stored(), ['03 CANCELED 0']);
    });
  });

  it('says how many slots are free when a rescale needs more', async () => {
    const dispatcher = await open(3);
    const jobId = await submit(dispatcher, 1);
    await submit(dispatcher, 2);
    await assert.rejects(dispatcher.rescale(jobId, 3), {
      code: 'NO_RESOURCE_AVAILABLE',
      message: /than it has and are free.*; required=3 available=2 slots=3$/,
    });
  });

  it('passes requests on to the master, and refuses them without one', async () => {
    const dispatcher = await open(2);
    const jobId = await submit(dispatcher, 1);
    assert.equal(await dispatcher.savepoint(jobId, '/t'), '/t/savepoint-1');
    assert.equal(await dispatcher.checkpoint(jobId, 'FULL'), 7);
    await dispatcher.rescale(jobId, 2);
    assert.deepEqual(dispatcher.slots, { total: 2, available: 0 });
    await assert.rejects(dispatcher.rescale(jobId, { v1: 3 }), {
      code: 'NO_RESOURCE_AVAILABLE',
      message: /than there are.*; required=3 slots=2$/,
    });
    await assert.rejects(dispatcher.rescale(jobId, { v9: 1 }), { code: 'UNKNOWN_VERTEX' });
    const waiting = await submit(dispatcher, 2);
    await assert.rejects(dispatcher.savepoint(waiting), { code: 'JOB_NOT_RUNNING' });
    await assert.rejects(dispatcher.savepoint(jobIdOf(9)), { code: 'JOB_NOT_FOUND' });
    assert.equal(await dispatcher.stop(jobId, { drain: true }), '/savepoints/savepoint-2');
    assert.deepEqual(planner.masterOf(jobId).calls, [
      'savepoint /t',
      'checkpoint FULL',
      'rescale {"v1":2}',
      'stop true undefined',
    ]);
    await dispatcher.ended(jobId);
    await assert.rejects(dispatcher.stop(jobId, { drain: false }), { code: 'JOB_ALREADY_ENDED' });
  });

  it('disposes of no savepoint that is not there', async () => {
    const dispatcher = await open();
    await assert.rejects(dispatcher.disposeSavepoint(SAVEPOINT), {
      code: 'RESTORE_PATH_NOT_FOUND',
    });
  });
});

function states(dispatcher: Dispatcher): string[] {
  return dispatcher.list().map(({ status }) => status);
}
