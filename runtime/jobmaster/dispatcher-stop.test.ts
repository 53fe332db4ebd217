/** Goal: what is answered to who stops a job is so for the next process, too. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { JobStore } from '../checkpoint/index.ts';
import { MemoryBlobStore, MemoryRowStore } from '../testing/index.ts';
import { Dispatcher } from './dispatcher.ts';
import { FakePlanner, jobIdOf, rowText } from './dispatcher-fixture.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

describe('Dispatcher: a job that is stopped', () => {
  const jobId = jobIdOf(1);
  let rows: MemoryRowStore;
  let planner: FakePlanner;
  let dispatcher: Dispatcher;

  beforeEach(async () => {
    rows = new MemoryRowStore();
    planner = new FakePlanner();
    const time = new ManualTime();
    dispatcher = new Dispatcher({
      ...{ rows, planner, blobs: new MemoryBlobStore(), jobs: new JobStore(rows, 'writer') },
      ...{ slotCount: 4, directory: '/data', history: { maxCount: 9, expirationMs: 60_000 } },
      ...{ clock: time, timers: time, logger: { log: () => {} } },
    });
    await dispatcher.recover();
    const bundle = Buffer.from('export default () => {}');
    await dispatcher.submit({ jobId, bundle, args: ['1'], configuration: {} });
    await settle();
  });

  async function stored(): Promise<string[]> {
    return (await new JobStore(rows, 'reader').list()).map(({ job }) => rowText(job));
  }

  it('has ended for good when its savepoint is answered', async () => {
    assert.equal(await dispatcher.stop(jobId, { drain: false }), '/savepoints/savepoint-2');
    assert.deepEqual(await stored(), ['01 FINISHED 0']);
  });

  it('is not said to be stopped when the cluster ends first: the next one goes on', async () => {
    const master = planner.masterOf(jobId);
    // Its tasks are about to end.
    master.stopWithSavepoint = async () => '/savepoints/savepoint-3';
    const refused = assert.rejects(dispatcher.stop(jobId, { drain: false }), {
      code: 'JOB_NOT_STOPPED',
      message: /savepoint=\/savepoints\/savepoint-3/,
    });
    await settle();
    await dispatcher.shutdown();
    await refused;
    assert.deepEqual(await stored(), ['01 RUNNING 0']);
  });

  it('is canceled in its row when a savepoint that cancels it is answered', async () => {
    const master = planner.masterOf(jobId);
    // Its tasks take their time.
    master.cancel = () => {};
    assert.equal(await dispatcher.cancelWithSavepoint(jobId, '/s'), '/s/savepoint-1');
    assert.deepEqual(await stored(), ['01 CANCELLING 0']);
  });
});
