import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ZipEntry, zipBytes } from '../../zip-bytes.conformance.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';

interface ShownPlan {
  readonly plan: {
    readonly jid: string;
    readonly name: string;
    readonly nodes: readonly { readonly parallelism: number }[];
  };
}

async function upload(world: ClusterWorld, text: string): Promise<string> {
  const { body } = await world.ask('POST /jars/upload', Buffer.from(text));
  return (body as { filename: string }).filename;
}

function errorsOf({ body }: { readonly body: unknown }): string {
  return (body as { errors: string[] }).errors.join(' ');
}

describe('a program that is looked at on AWS', () => {
  it('shows the graph it would run, and leaves nothing behind', async () => {
    const world = new ClusterWorld();
    const id = await upload(world, 'numbers');
    for (const method of ['GET', 'POST']) {
      const { status, body } = await world.ask(`${method} /jars/${id}/plan?jobId=${JOB_ID}`);
      const { plan } = body as ShownPlan;
      assert.deepEqual([status, plan.jid, plan.nodes.length], [200, JOB_ID, 2]);
    }
    assert.deepEqual((await world.ask('GET /jobs')).body, { jobs: [] });
    assert.deepEqual([world.started.length, world.inboxes.size], [0, 0]);
    assert.equal(await world.reservations.used(), 0);
  });

  it('is that of an archive, with the job that the archive or the client names', async () => {
    const world = new ClusterWorld();
    const archived = async (...entries: readonly ZipEntry[]): Promise<string> => {
      const prepared = await world.ask('POST /jars/upload', { fileName: 'a.zip' });
      const { filename: id } = prepared.body as { filename: string };
      const bytes = zipBytes([...entries, { name: 'job.mjs', content: 'free' }]);
      await world.blobs.put(`s3://bucket/uploads/${id}`, bytes);
      return id;
    };
    world.modules.free = (env) => void env.fromSequence(1, 9).print();
    const plain = await archived();
    const asked = { parallelism: 3, flinkConfiguration: { 'pipeline.name': 'three' } };
    const { status, body } = await world.ask(`POST /jars/${plain}/plan`, asked);
    const { plan } = body as ShownPlan;
    assert.deepEqual([status, plan.name], [200, 'three']);
    assert.ok(plan.nodes.some(({ parallelism }) => parallelism === 3));
    const named = await archived({ name: 'META-INF/MANIFEST.MF', content: 'Main-Class: orders\n' });
    assert.match(errorsOf(await world.ask(`POST /jars/${named}/plan`, {})), /orders/);
    const chosen = await world.ask(`POST /jars/${named}/plan?entry-class=default`, {});
    assert.equal(chosen.status, 200);
  });

  it('is refused as when it runs, and what is no program as when it is uploaded', async () => {
    const world = new ClusterWorld();
    world.modules.throws = () => {
      throw new Error('no input');
    };
    const prepared = await world.ask('POST /jars/upload', { fileName: 'a.zip' });
    const { filename: archive } = prepared.body as { filename: string };
    await world.blobs.put(`s3://bucket/uploads/${archive}`, Buffer.from('no archive'));
    const cases = [
      [await upload(world, 'throws'), 400, /no input.*JOB_FUNCTION_FAILED/s],
      [await upload(world, 'no module'), 400, /BUNDLE_NOT_A_MODULE/],
      [archive, 400, /archive/i],
      [`${archive.slice(0, 30)}000000_a.zip`, 404, /does not exist/],
      ['..%2F..%2Fjobs', 404, /Not found/],
    ] as const;
    for (const [id, status, text] of cases) {
      const answer = await world.ask(`POST /jars/${id}/plan`, {});
      assert.equal(answer.status, status, errorsOf(answer));
      assert.match(errorsOf(answer), text);
    }
    const id = await upload(world, 'numbers');
    const large = await world.ask(`POST /jars/${id}/plan`, { programArgsList: ['x'.repeat(7e4)] });
    assert.match(errorsOf(large), /JOB_ARGUMENTS_TOO_LARGE/);
  });

  it('is held against a savepoint, which is to be in S3', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const triggered = await world.ask(`POST /jobs/${JOB_ID}/savepoints`);
    const { 'request-id': trigger } = triggered.body as { 'request-id': string };
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    const asked = await world.ask(`GET /jobs/${JOB_ID}/savepoints/${trigger}`);
    const { location } = (asked.body as { operation: { location: string } }).operation;
    const id = await upload(world, 'numbers');
    const check = (savepointPath?: string) =>
      world.ask(`POST /jars/${id}/savepoint-check`, { savepointPath });
    const { status, body } = await check(location);
    const { restorable, savepoint } = body as { restorable: boolean; savepoint: object };
    assert.deepEqual([status, restorable], [200, true]);
    assert.deepEqual({ ...savepoint, jobId: JOB_ID, path: location }, savepoint);
    assert.equal((await check()).status, 400);
    assert.match(errorsOf(await check('/tmp/savepoint')), /LOCATION_NOT_ON_AWS/);
    assert.match(errorsOf(await check('s3://bucket/savepoints/no')), /RESTORE_PATH_NOT_FOUND/);
  });
});
