import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';

const TRIGGER = 'e'.repeat(32);

function errorsOf({ body }: { readonly body: unknown }): string {
  return (body as { errors: string[] }).errors.join(' ');
}

describe('the API of a deployed cluster', () => {
  it('lists jobs and shows the cluster', async () => {
    const world = new ClusterWorld({ taskSlots: 2, maxTaskManagers: 5 });
    await world.startJob();
    assert.deepEqual((await world.ask('GET /jobs')).body, {
      jobs: [{ id: JOB_ID, status: 'RUNNING' }],
    });
    const { body } = await world.ask('GET /overview');
    const { 'slots-total': total, 'slots-available': available } = body as Record<string, number>;
    assert.deepEqual([total, available], [10, 8]);
    const overview = await world.ask('GET /jobs/overview');
    const [job] = (overview.body as { jobs: { tasks: { running: number } }[] }).jobs;
    assert.equal(job?.tasks.running, 4);
  });

  it('shows the plan of a job once there is one, at the parallelism it runs with', async () => {
    const world = new ClusterWorld();
    await world.submit('numbers');
    const nodesOf = async (line: string) => {
      const { status, body } = await world.ask(line);
      assert.equal(status, 200);
      const { plan } = body as {
        plan: { jid: string; nodes: { id: string; parallelism: number }[] };
      };
      assert.equal(plan.jid, JOB_ID);
      return plan.nodes;
    };
    assert.deepEqual(await nodesOf(`GET /jobs/${JOB_ID}/plan`), []);
    await world.plan();
    const { vertices } = await world.view();
    const nodes = await nodesOf(`GET /jobs/${JOB_ID}/plan`);
    assert.deepEqual(
      nodes.map(({ id, parallelism }) => [id, parallelism]),
      vertices.map(({ id, parallelism }) => [id, parallelism]),
    );
    assert.equal(nodes.length, 2);
    assert.deepEqual(await nodesOf(`GET /jobs/${JOB_ID}`), nodes);
    assert.equal((await world.ask(`GET /jobs/${'d'.repeat(32)}/plan`)).status, 404);
  });

  it('takes a submission that is sent again for the same job, and no other for it', async () => {
    const world = new ClusterWorld();
    const uploaded = await world.ask('POST /jars/upload', Buffer.from('numbers'));
    const { filename: program } = uploaded.body as { filename: string };
    const first = await world.ask('POST /jobs', { program, parallelism: 2 }, 'my key');
    const again = await world.ask('POST /jobs', { program, parallelism: 2 }, 'my key');
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal(world.started.length, 1);
    const other = await world.ask('POST /jobs', { program, parallelism: 3 }, 'my key');
    assert.equal(other.status, 409);
    assert.match(errorsOf(other), /JOB_ALREADY_SUBMITTED/);
  });

  it('takes a submission again whose job has run, and whose upload is gone', async () => {
    const world = new ClusterWorld();
    const upload = async (text: string): Promise<string> => {
      const { body } = await world.ask('POST /jars/upload', Buffer.from(text));
      return (body as { filename: string }).filename;
    };
    const program = await upload('numbers');
    const first = await world.ask('POST /jobs', { program }, 'my key');
    const { jobid } = first.body as { jobid: string };
    await world.plan(jobid);
    await world.next(0, jobid);
    const copy = await upload('numbers');
    const again = await world.ask('POST /jobs', { program: copy }, 'my key');
    assert.deepEqual([again.status, again.body], [200, first.body]);
    const other = await upload('other');
    assert.equal((await world.ask('POST /jobs', { program: other }, 'my key')).status, 409);
    await world.ask(`DELETE /jars/${program}`);
    const late = await world.ask('POST /jobs', { program }, 'my key');
    assert.deepEqual([late.status, late.body], [200, first.body]);
    const malformed = await world.ask('POST /jobs', { program: '../jobs' }, 'my key');
    assert.equal(malformed.status, 404);
    assert.equal(world.started.length, 1);
  });

  it('completes a submission whose start has failed', async () => {
    const world = new ClusterWorld();
    const { machines } = world;
    Object.defineProperty(world, 'machines', { value: machines });
    await world.submit('numbers');
    world.started.length = 0;
    await world.submit('numbers');
    assert.deepEqual(world.started, [`${JOB_ID}-0`]);
  });

  it('refuses arguments that no row takes, before anything is stored', async () => {
    const world = new ClusterWorld();
    const uploaded = await world.ask('POST /jars/upload', Buffer.from('numbers'));
    const { filename } = uploaded.body as { filename: string };
    const run = (chars: number) =>
      world.ask(`POST /jars/${filename}/run`, { programArgsList: ['x'.repeat(chars)] });
    const refused = await run(70_000);
    assert.equal(refused.status, 400);
    assert.match(errorsOf(refused), /put data into a store.* sizeBytes=700\d\d maxBytes=65536/s);
    assert.match(errorsOf(refused), /JOB_ARGUMENTS_TOO_LARGE/);
    assert.equal(world.started.length, 0);
    assert.equal((await run(60_000)).status, 200);
  });

  it('prepares uploads of programs that are too large for a request', async () => {
    const world = new ClusterWorld();
    const { body } = await world.ask('POST /jars/upload', { fileName: '../my job.mjs' });
    const { filename, upload } = body as { filename: string; upload: { url: string } };
    assert.match(filename, /^[0-9a-f-]{36}_my_job\.mjs$/);
    assert.equal(upload.url, `https://signed/s3://bucket/uploads/${filename}`);
    assert.equal((await world.ask(`POST /jars/${filename}/run`, {})).status, 404);
    await world.blobs.put(`s3://bucket/uploads/${filename}`, Buffer.from('numbers'));
    assert.equal((await world.ask(`POST /jars/${filename}/run`, {})).status, 200);
    const { body: listed } = await world.ask('GET /jars');
    const [file] = (listed as { files: { id: string; uploaded: number }[] }).files;
    assert.deepEqual([file?.id, file?.uploaded], [filename, world.nowEpochMs]);
    assert.equal((await world.ask(`DELETE /jars/${filename}`)).status, 200);
    assert.equal((await world.ask(`DELETE /jars/${filename}`)).status, 404);
  });

  it('refuses an upload that is too large without reading all of it', async (t) => {
    const world = new ClusterWorld();
    const { body } = await world.ask('POST /jars/upload', { fileName: 'job.mjs' });
    const { filename } = body as { filename: string };
    await world.blobs.put(`s3://bucket/uploads/${filename}`, new Uint8Array(30 * 2 ** 20));
    const gets = t.mock.method(world.blobs, 'get').mock;
    const refused = await world.ask(`POST /jars/${filename}/run`, {});
    assert.match(errorsOf(refused), /BUNDLE_TOO_LARGE/);
    assert.equal((await world.ask(`DELETE /jars/${filename}`)).status, 200);
    const sizes = await Promise.all(gets.calls.map(async (call) => (await call.result)?.length));
    assert.deepEqual(sizes, [20 * 2 ** 20 + 1, 20 * 2 ** 20 + 1]);
  });

  it('answers what it does not know or understand in Flink’s shape', async () => {
    const world = new ClusterWorld();
    const unknown = 'd'.repeat(32);
    for (const line of [
      `GET /jobs/${unknown}`,
      `PATCH /jobs/${unknown}`,
      `POST /jobs/${unknown}/savepoints`,
    ]) {
      const answer = await world.ask(line);
      assert.equal(answer.status, 404, line);
      assert.match(errorsOf(answer), /not found/);
    }
    await world.submit('numbers');
    const refusals: readonly (readonly [string, number, object?])[] = [
      [`GET /jobs/${JOB_ID}/savepoints/${TRIGGER}`, 404],
      ['GET /jobs/nothing', 400],
      [`POST /jobs/${JOB_ID}/stop`, 400, { drain: 'yes' }],
      ['POST /jobs', 400, { parallelism: 1 }],
      ['POST /jars/..%2F..%2Fjobs/run', 404, {}],
      ['POST /savepoint-disposal', 400, {}],
      [`GET /savepoint-disposal/${TRIGGER}`, 404],
      [`PATCH /jobs/${JOB_ID}/rescaling?parallelism=2`, 409],
      [`PUT /jobs/${JOB_ID}/resource-requirements`, 400, { v: { parallelism: { upperBound: 2 } } }],
    ];
    for (const [line, status, body] of refusals) {
      const answer = await world.ask(line, body);
      assert.equal(answer.status, status, `${line} ${JSON.stringify(answer.body)}`);
      assert.notEqual(errorsOf(answer), '');
    }
  });

  it('says of a client’s heartbeat that nobody watches', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const beat = { expiredTimestamp: 9_000_000 };
    const refused = await world.ask(`PATCH /jobs/${JOB_ID}/clientHeartbeat`, beat);
    assert.equal(refused.status, 501);
    assert.match(errorsOf(refused), /goes on when its client is killed.*sluice cancel/);
    const unknown = await world.ask(`PATCH /jobs/${'d'.repeat(32)}/clientHeartbeat`, beat);
    assert.equal(unknown.status, 404);
  });

  it('carries a trigger out once, however often it is sent', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    for (let i = 0; i < 3; i++) {
      await world.ask(`POST /jobs/${JOB_ID}/savepoints`, { triggerId: TRIGGER });
      await world.work();
    }
    const { body } = await world.ask(`GET /jobs/${JOB_ID}/savepoints/${TRIGGER}`);
    assert.deepEqual(body, { status: { id: 'IN_PROGRESS' } });
    assert.equal(world.told('trigger-checkpoint').length, 2);
  });
});
