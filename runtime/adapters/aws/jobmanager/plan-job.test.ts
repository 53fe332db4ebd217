import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../../../api/index.ts';
import { fileSink, fileSource, textLines } from '../../../connectors/index.ts';
import { MAX_BUNDLE_BYTES } from '../../../core/index.ts';
import { WatermarkStrategy } from '../../../time/index.ts';
import { ClusterWorld, JOB_ID, numbersJob } from './cluster-world.conformance.ts';

describe('planJob', () => {
  it('does the same again when it is asked again', async () => {
    const world = new ClusterWorld({ taskSlots: 2 });
    await world.submit('numbers');
    assert.deepEqual(await world.plan(), { jobId: JOB_ID, taskManagers: 1 });
    assert.deepEqual(await world.plan(), { jobId: JOB_ID, taskManagers: 1 });
    assert.deepEqual([...world.inboxes], [`${JOB_ID}-0`]);
    assert.equal(await world.reservations.used(), 1);
  });

  it('refuses a program that is none, throws, or builds another graph each time', async () => {
    const world = new ClusterWorld();
    let calls = 0;
    world.modules.throws = () => {
      throw new Error('no input');
    };
    world.modules.moody = (env) => {
      calls += 1;
      env.fromSequence(1, 9).uid(`numbers ${calls}`).print();
    };
    const cases = [
      ['no module', 'BUNDLE_NOT_A_MODULE'],
      ['throws', 'JOB_FUNCTION_FAILED'],
      ['moody', 'GRAPH_HASH_MISMATCH'],
    ] as const;
    for (const [index, [bundle, code]] of cases.entries()) {
      const jobId = String(index).repeat(32);
      await world.submit(bundle, {}, jobId);
      await assert.rejects(world.plan(jobId), { code }, bundle);
    }
    assert.equal(world.inboxes.size, 0);
    assert.equal(await world.reservations.used(), 0);
    await assert.rejects(world.plan('9'.repeat(32)), { code: 'JOB_NOT_FOUND' });
  });

  it('refuses programs that are too large or empty before they are stored', async () => {
    const world = new ClusterWorld();
    const large = await world.ask('POST /jars/upload', Buffer.alloc(MAX_BUNDLE_BYTES + 1));
    assert.equal(large.status, 400);
    assert.match(JSON.stringify(large.body), /BUNDLE_TOO_LARGE/);
    assert.equal((await world.ask('POST /jars/upload', Buffer.alloc(0))).status, 400);
  });

  it('refuses more TaskManagers than may run, alone or beside other jobs', async () => {
    const world = new ClusterWorld({ maxTaskManagers: 3 });
    const second = 'b'.repeat(32);
    await world.submit('numbers', { parallelism: 9 });
    world.modules.wide = (env) => {
      env
        .setParallelism(4)
        .fromSequence(1, 9)
        .keyBy((n) => n)
        .map((n) => n)
        .print();
    };
    await world.submit('wide', {}, second);
    await assert.rejects(world.plan(second), {
      code: 'NO_RESOURCE_AVAILABLE',
      message: /required=4 used=0 max=3/,
    });
    await world.plan();
    const third = 'c'.repeat(32);
    await world.submit('numbers', {}, third);
    await assert.rejects(world.plan(third), { message: /required=2 used=2 max=3/ });
    assert.equal(world.inboxes.size, 2);
    assert.equal(await world.reservations.used(), 2);
    await world.reservations.release(JOB_ID);
    assert.deepEqual(await world.plan(third), { jobId: third, taskManagers: 2 });
  });

  it('refuses a job that is larger than the account, also when it is rescaled', async () => {
    const world = new ClusterWorld({ maxTaskManagers: 900 });
    world.accountTaskManagers = 1;
    await world.submit('numbers');
    await assert.rejects(world.plan(), {
      code: 'NO_RESOURCE_AVAILABLE',
      message: /required=2 used=0 max=1/,
    });
    assert.equal(world.inboxes.size, 0);
    world.accountTaskManagers = 2;
    await world.startJob();
    const asked = await world.ask(`PATCH /jobs/${JOB_ID}/rescaling?parallelism=3`);
    const { 'request-id': id } = asked.body as { 'request-id': string };
    await world.work();
    const { body } = await world.ask(`GET /jobs/${JOB_ID}/rescaling/${id}`);
    assert.match(JSON.stringify(body), /NO_RESOURCE_AVAILABLE/);
  });

  it('refuses places that only the function has, and savepoints that are not there', async () => {
    const world = new ClusterWorld();
    const local = { flinkConfiguration: { 'execution.checkpointing.dir': '/tmp/checkpoints' } };
    await world.submit('numbers', local);
    await assert.rejects(world.plan(), { code: 'LOCATION_NOT_ON_AWS' });
    const second = 'b'.repeat(32);
    await world.submit('numbers', { savepointPath: 's3://bucket/savepoints/none' }, second);
    await assert.rejects(world.plan(second), { code: 'RESTORE_PATH_NOT_FOUND' });
  });

  it('refuses files that only the function has, and input that is not there', async () => {
    const world = new ClusterWorld();
    const lines = (input: string, output: string) => (env: StreamExecutionEnvironment) => {
      const source = fileSource({ paths: input, format: textLines() });
      const sink = fileSink<string>({ directory: output, format: textLines() });
      env.fromSource(source, WatermarkStrategy.noWatermarks(), 'lines').sinkTo(sink);
    };
    world.files.put('s3://bucket/in/a.txt', 'hello');
    const cases = [
      ['/tmp/in', 's3://bucket/out', { code: 'LOCATION_NOT_ON_AWS', message: /path=.tmp.in$/ }],
      ['s3://bucket/in', 'out', { code: 'LOCATION_NOT_ON_AWS', message: /path=out$/ }],
      ['s3://bucket/no', 's3://bucket/out', { code: 'FILE_NOT_FOUND', message: /bucket.no/ }],
    ] as const;
    for (const [index, [input, output, expected]] of cases.entries()) {
      const jobId = String(index).repeat(32);
      world.modules[jobId] = lines(input, output);
      await world.submit(jobId, {}, jobId);
      await assert.rejects(world.plan(jobId), expected);
    }
    assert.deepEqual([world.inboxes.size, await world.reservations.used()], [0, 0]);
    world.modules.good = lines('s3://bucket/in', 's3://bucket/out');
    await world.submit('good');
    assert.deepEqual(await world.plan(), { jobId: JOB_ID, taskManagers: 1 });
  });

  it('makes pipelines that never meet one job of one attempt', async () => {
    const world = new ClusterWorld();
    world.modules.two = (env) => {
      numbersJob(env);
      env.fromSequence(1, 9).uid('others').print();
    };
    await world.submit('two');
    assert.deepEqual(await world.plan(), { jobId: JOB_ID, taskManagers: 4 });
    assert.deepEqual(await world.next(0), { action: 'RUN', attempt: 0, taskManagers: 4 });
  });
});
