/**
 * Goal: nobody without the token is answered, and nobody else's machine without one. Method:
 * `sluice cluster` as a process; every route.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { REST_ROUTES } from '../../runtime/adapters/index.ts';
import { assertRefused, isHarmless } from './attack-checks.ts';
import { SpawnedCluster } from './spawned-cluster.ts';

function partsOf(route: string) {
  const [method = '', path = ''] = route.split(' ');
  return { method, path: path.replaceAll(/:\w+/g, 'f'.repeat(32)) };
}

describe('a cluster with a token', () => {
  const token = 'an-example-of-a-token-0123456789';

  it('answers nothing without it, and never shows it', async () => {
    const guarded = await SpawnedCluster.start({ environment: { SLUICE_TOKEN: token } });
    try {
      const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
      for (const route of [...REST_ROUTES, 'GET /', 'GET /index.html', 'GET /nothing']) {
        for (const authorization of [
          ...[
            undefined,
            '',
            'Bearer',
            'Bearer ',
            `Bearer ${token.slice(0, -1)}`,
            `Bearer ${token}x`,
          ],
          ...[token, `Token ${token}`, basic(token.slice(1)), basic(`${token}:`), 'Basic %%%'],
        ]) {
          const headers = authorization === undefined ? {} : { authorization };
          const answer = await guarded.send({ ...partsOf(route), headers });
          assertRefused(answer, [401]);
          assert.match(String(answer.headers['www-authenticate']), /^Basic realm=/);
        }
      }
      const answers = await Promise.all(
        REST_ROUTES.filter(isHarmless).map(async (route) => {
          const headers = { authorization: `Bearer ${token}` };
          return await guarded.send({ ...partsOf(route), headers });
        }),
      );
      for (const { status, text } of answers) {
        assert.notEqual(status, 401);
        assert.ok(!text.includes(token));
      }
      const asPeople = await guarded.send({
        path: '/jobs',
        headers: { authorization: basic(`me:${token}`) },
      });
      assert.equal(asPeople.status, 200);
      assert.ok(!guarded.output.includes(token), guarded.output);
      for (const name of readdirSync(guarded.directory, { recursive: true, encoding: 'utf8' })) {
        if (/\.(log|jsonl)$/.test(name)) {
          assert.ok(!readFileSync(join(guarded.directory, name), 'utf8').includes(token), name);
        }
      }
    } finally {
      await guarded.close();
    }
  });

  it('is the only one that listens beyond loopback', async () => {
    for (const [settings, said] of [
      [{ 'rest.bind-address': '0.0.0.0' }, /rest\.authentication\.token.*0\.0\.0\.0/],
      [{ 'rest.bind-address': '::' }, /rest\.authentication\.token/],
      [{ 'rest.bind-address': 'example.org' }, /rest\.authentication\.token/],
      [{ 'rest.authentication.token': 'short' }, /has 16 characters at least/],
      [{ 'web.access-control-allow-origin': '*' }, /pages could cancel jobs/],
      [{ 'web.ui.dir': '/nowhere' }, /web\.ui\.dir/],
    ] as const) {
      const configuration = settings as Readonly<Record<string, string>>;
      await assert.rejects(SpawnedCluster.start({ configuration }), said);
    }
    const beyond = await SpawnedCluster.start({
      configuration: { 'rest.bind-address': '0.0.0.0', 'rest.address': 'flink.example' },
      environment: { SLUICE_TOKEN: token },
    });
    try {
      for (const [host, status] of [
        ['flink.example', 200],
        ['10.1.2.3:8081', 200],
        ['[fe80::1]', 200],
        ['localhost', 200],
        ['rebound.example', 403],
        ['10.1.2.3.evil.example', 403],
      ] as const) {
        const headers = { host, authorization: `Bearer ${token}` };
        assert.equal((await beyond.send({ path: '/jobs', headers })).status, status, host);
      }
    } finally {
      await beyond.close();
    }
  });
});
