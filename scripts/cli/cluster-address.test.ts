import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterAddress, signerOf } from './cluster-address.ts';

const API = 'https://abc123.execute-api.eu-west-1.amazonaws.com';
const REQUEST = { method: 'GET', url: new URL(`${API}/v1/jobs`), headers: {}, body: '' };

describe('clusterAddress', () => {
  it('reads where a cluster is on this machine', () => {
    const local = { url: 'http://127.0.0.1:8081', text: '127.0.0.1:8081', isDeployed: false };
    assert.deepEqual(clusterAddress('127.0.0.1:8081'), local);
    assert.deepEqual(clusterAddress('http://127.0.0.1:8081/'), local);
    assert.equal(clusterAddress('[::1]:1').url, 'http://[::1]:1');
    assert.equal(clusterAddress('proxy:80/flink').url, 'http://proxy:80/flink');
  });

  it('reads where a deployed one is, and in which region', () => {
    assert.deepEqual(clusterAddress(`${API}/`), {
      ...{ url: API, text: API, isDeployed: true, region: 'eu-west-1' },
    });
    const own = clusterAddress('https://jobs.example.com/base/');
    assert.deepEqual([own.url, own.isDeployed, own.region], [own.text, true, undefined]);
    assert.equal(own.url, 'https://jobs.example.com/base');
    assert.equal(clusterAddress('http://abc.execute-api.localhost:4566').isDeployed, true);
  });

  it('refuses what is none', () => {
    for (const text of [
      '',
      'host',
      'http://host',
      'ftp://h:1',
      'h:1?x',
      'https://',
      'h:1/../x y',
    ]) {
      assert.throws(() => clusterAddress(text), { code: 'BAD_ARGUMENTS' }, text);
    }
  });
});

describe('signerOf', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
  const authorization = async (address: string, environment: Record<string, string>) => {
    const signer = await signerOf(clusterAddress(address), environment);
    return (await signer?.sign(REQUEST))?.authorization;
  };

  it('signs for the region of the API with the credentials of the environment', async () => {
    assert.match((await authorization(API, keys)) ?? '', /AKID\/\d+\/eu-west-1\/execute-api\//);
    const own = { ...keys, AWS_REGION: 'us-east-1' };
    assert.match((await authorization('https://jobs.example.com', own)) ?? '', /us-east-1/);
    await assert.rejects(authorization('https://jobs.example.com', keys), {
      code: 'BAD_ARGUMENTS',
      message: 'The region of https://jobs.example.com is not known: set AWS_REGION.',
    });
  });

  it('brings a token where there is one', async () => {
    assert.equal(await authorization(API, { ...keys, SLUICE_TOKEN: 'mine' }), 'Bearer mine');
  });

  it('signs nothing for a cluster on this machine', async () => {
    assert.equal(await signerOf(clusterAddress('127.0.0.1:8081'), keys), undefined);
  });
});
