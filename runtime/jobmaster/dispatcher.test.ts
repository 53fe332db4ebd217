/** Goal: jobs of a cluster neither vanish nor run twice. Method: masters that end on command. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { JobStore } from '../checkpoint/index.ts';
import { StreamError } from '../core/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner, jobIdOf, rowText } from './dispatcher-fixture.ts';

const SAVEPOINT = '/savepoints/savepoint-aaaaaa-000000000000';

describe('Dispatcher', () => {
  let rows: MemoryRowStore;
  let blobs: MemoryBlobStore;
  let planner: FakePlanner;
  let logged: string[];
  let nowEpochMs = 0;

  beforeEach(() => {
    rows = new MemoryRowStore();
    blobs = new MemoryBlobStore();
    planner = new FakePlanner();
    logged = [];
    nowEpochMs = 1000;
  });

  async function open(slotCount = 4): Promise<Dispatcher> {
    const dispatcher = new Dispatcher({
      rows,
      blobs,
      jobs: new JobStore(rows, `writer-${nowEpochMs}`),
      directory: '/data',
      planner,
      slotCount,
      clock: { nowEpochMs: () => nowEpochMs++, monotonicMs: () => nowEpochMs },
      logger: { log: (_level, message) => logged.push(message) },
    });
    await dispatcher.recover();
    return dispatcher;
  }

  async function submit(dispatcher: Dispatcher, number: number, slots = 1): Promise<string> {
    const jobId = jobIdOf(number);
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: [String(slots)], configuration: {} });
    await turns();
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
    await assert.rejects(submit(dispatcher, 1), { code: 'JOB_ALREADY_SUBMITTED' });
    assert.equal(planner.masters.length, 1);
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
    await turns();
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
    await turns();
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
    await turns();
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
    await turns();
    assert.deepEqual(states(dispatcher), ['CANCELED', 'RUNNING', 'RUNNING']);
    assert.deepEqual(dispatcher.slots, { total: 4, available: 1 });
    assert.deepEqual([second, third], [jobIdOf(2), jobIdOf(3)]);
  });

  it('starts a job that waited in a process before as a new one', async () => {
    const first = await open(1);
    await submit(first, 1);
    const waiting = await submit(first, 2);
    await open(2);
    await turns();
    const master = planner.masterOf(waiting);
    assert.deepEqual([master.isRecovered, master.journal.lastAttempt], [false, -1]);
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
    await turns();
    assert.equal(third.get(jobId).status, 'RUNNING');
    planner.failing = 'start';
    const fourth = await open();
    await turns();
    assert.equal(fourth.get(jobId).status, 'FAILED');
    await fourth.cancel(jobId);
    assert.deepEqual(await stored(), ['01 CANCELED 1']);
  });

  it('passes requests on to the master, and refuses them without one', async () => {
    const dispatcher = await open(2);
    const jobId = await submit(dispatcher, 1);
    assert.equal(await dispatcher.savepoint(jobId, '/t'), '/t/savepoint-1');
    assert.equal(await dispatcher.checkpoint(jobId, 'FULL'), 7);
    await dispatcher.rescale(jobId, 2);
    assert.deepEqual(dispatcher.slots, { total: 2, available: 0 });
    await assert.rejects(dispatcher.rescale(jobId, { v1: 3 }), { code: 'NO_RESOURCE_AVAILABLE' });
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

/** Lets what is under way settle. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
