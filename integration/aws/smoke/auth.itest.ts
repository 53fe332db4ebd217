/** The smoke stack with signatures and IAM enforced, all of it through the proxy. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ListBucketsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Clients, clientsOf } from '../clients.ts';
import { type DeployedApp, deployApp } from '../deployed-app.ts';
import { runExecution } from '../executions.ts';
import { callHttpApi } from '../http-api.ts';
import { InjectingProxy } from '../injecting-proxy.ts';
import { SMOKE_APP, type SmokeOutputs, smokeOutputs } from './outputs.ts';

describe('the smoke stack with AUTH', () => {
  const proxy = new InjectingProxy({ seed: 1 });
  let app: DeployedApp;
  let clients: Clients;
  let stack: SmokeOutputs;

  before(async () => {
    app = await deployApp(SMOKE_APP, { auth: true, frontDoor: proxy });
    clients = clientsOf(app.emulator);
    stack = smokeOutputs(app.outputs);
  });
  after(async () => {
    clients?.destroy();
    await app?.stop();
  });

  const run = (name: string) =>
    runExecution(clients.stepFunctions, stack.MachineArn, { run: name, squares: [5] });

  it('lets the workflow through: the grants of the template suffice', async () => {
    const { status, output, cause } = await run('granted');
    assert.equal(status, 'SUCCEEDED', cause);
    assert.deepEqual(JSON.parse(output ?? ''), { squared: [25], resumed: 'granted' });
    // Signed by the function for the proxy's address, and verified by the emulator.
    assert.equal(proxy.ledger.count('s3:PutObject').failedCalls, 0);
    assert.ok(proxy.ledger.count('states:SendTaskSuccess').calls > 0);
  });

  it('refuses a wrong secret', async () => {
    const { endpoint, region } = app.emulator;
    const credentials = { ...app.emulator.credentials, secretAccessKey: 'wrong' };
    const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await assert.rejects(s3.send(new ListBucketsCommand({})), { name: 'SignatureDoesNotMatch' });
    s3.destroy();
  });

  it('takes a presigned upload, and refuses it under another key', async () => {
    const put = new PutObjectCommand({ Bucket: stack.BucketName, Key: 'presigned' });
    const url = await getSignedUrl(clients.s3, put, { expiresIn: 60 });
    const upload = (to: string) => fetch(to, { method: 'PUT', body: 'bundle' });
    assert.equal((await upload(url)).status, 200);
    assert.equal((await upload(url.replace('presigned', 'another'))).status, 403);
  });

  it('answers the HTTP API to a signature made for its own host', async () => {
    const request = { method: 'GET', path: '/jobs?state=RUNNING' };
    assert.equal((await callHttpApi(app.emulator, stack.ApiId, request)).status, 403);
    const { credentials } = app.emulator;
    const signed = { ...request, credentials };
    assert.equal((await callHttpApi(app.emulator, stack.ApiId, signed)).status, 200);
    const forged = { ...request, credentials: { ...credentials, secretAccessKey: 'wrong' } };
    assert.equal((await callHttpApi(app.emulator, stack.ApiId, forged)).status, 403);
  });

  it('fails the workflow when one grant is taken away', async () => {
    await app.redeploy({ withoutBucketGrant: 'true' });
    const { status, error, cause } = await run('refused');
    assert.equal(status, 'FAILED');
    assert.equal(error, 'AccessDenied');
    assert.match(cause ?? '', /s3:PutObject/);
  });
});
