import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerRequest } from './answer-request.ts';
import type { ClusterApi, ClusterLifecycle } from './cluster-api.ts';
import { HttpRefusal } from './http-records.ts';
import { clusterOf, JOB_ID, RUNNING_JOB } from './shown-cluster.fixture.ts';

const NO_JOB = 'e'.repeat(32);

async function ask(line: string, body?: object, lifecycle: Partial<ClusterLifecycle> = {}) {
  const [method = '', path = ''] = line.split(' ');
  const calls: unknown[][] = [];
  const whole: ClusterApi = {
    ...clusterOf(RUNNING_JOB),
    lifecycle: {
      shutDown: async () => void calls.push(['shutDown']),
      clientHeartbeat: async (...args) => void calls.push(['clientHeartbeat', ...args]),
      ...lifecycle,
    },
  };
  const answer = await answerRequest(whole, {
    ...{ method, path, query: new URLSearchParams() },
    ...{ contentType: 'application/json', contentTypeHeader: 'application/json' },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  });
  return { ...answer, calls };
}

describe('the routes of a cluster as a whole', () => {
  it('ends the cluster, or says why not', async () => {
    const ended = await ask('DELETE /cluster');
    assert.deepEqual([ended.status, ended.body, ended.calls], [200, {}, [['shutDown']]]);
    const shutDown = (): never => {
      throw new HttpRefusal(501, 'by cdk destroy');
    };
    const refused = await ask('DELETE /cluster', undefined, { shutDown });
    assert.deepEqual([refused.status, refused.body], [501, { errors: ['by cdk destroy'] }]);
  });

  it('passes on that a client lives', async () => {
    const path = `PATCH /jobs/${JOB_ID}/clientHeartbeat`;
    const { status, body, calls } = await ask(path, { expiredTimestamp: 12_345 });
    assert.deepEqual([status, body], [202, {}]);
    assert.deepEqual(calls, [['clientHeartbeat', JOB_ID, 12_345]]);
    for (const expiredTimestamp of [undefined, null, 'soon', -1, 1.5, 1e300]) {
      const refused = await ask(path, { expiredTimestamp });
      assert.deepEqual([refused.status, refused.calls], [400, []], String(expiredTimestamp));
    }
    const unknown = `PATCH /jobs/${NO_JOB}/clientHeartbeat`;
    assert.equal((await ask(unknown, { expiredTimestamp: 1 })).status, 404);
  });

  it('has no data sets; the deletion of one is done at once, under an id of its own', async () => {
    assert.deepEqual((await ask('GET /datasets')).body, { dataSets: [] });
    const { status, body } = await ask(`DELETE /datasets/${NO_JOB}`);
    assert.equal(status, 202);
    const id = (body as { 'request-id': string })['request-id'];
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.deepEqual(await ask(`GET /datasets/delete/${id}`), {
      ...{ status: 200, calls: [] },
      body: { status: { id: 'COMPLETED' }, operation: {} },
    });
    assert.equal((await ask(`GET /datasets/delete/${NO_JOB}`)).status, 404);
    assert.equal((await ask('GET /datasets/delete/x')).status, 400);
    assert.equal((await ask('DELETE /datasets/x')).status, 400);
  });
});
