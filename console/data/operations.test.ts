import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeBrowser, FakeRefusal } from '../browser.fixture.ts';
import { JOB_ID, jobJson, SINK_ID } from '../job.fixture.ts';
import { consoleServices } from './console-services.ts';
import { cancelRequest, rescaleRequest, stopRequest, wakeRequest } from './job-operations.ts';

const JOB = { jid: JOB_ID, name: 'clicks' };
const ROOT = `/jobs/${JOB_ID}`;

function services(answers: Record<string, unknown>) {
  const browser = new FakeBrowser(answers);
  return { browser, operations: consoleServices(browser).operations };
}

describe('OperationStore', () => {
  it('sends what may be sent again until there is an answer, under the same id', async () => {
    const { browser, operations } = services({ [`POST ${ROOT}/stop`]: { 'request-id': 'x' } });
    browser.isConnected = false;
    void operations.start(stopRequest(JOB, '', false));
    await browser.pass(5000);
    const first = browser.bodies.get(`POST ${ROOT}/stop`) as { triggerId: string };
    assert.match(operations.operations[0]?.progress.text ?? '', /cannot be reached/);
    browser.isConnected = true;
    browser.answers[`${ROOT}/savepoints/${first.triggerId}`] = {
      status: { id: 'COMPLETED' },
      operation: { location: '/sp' },
    };
    await browser.pass(3000);
    assert.deepEqual(browser.bodies.get(`POST ${ROOT}/stop`), first);
    const [operation] = operations.operations;
    assert.deepEqual([operation?.state, operation?.progress.location], ['done', '/sp']);
  });

  it('sends nothing twice that may not be', async () => {
    const { browser, operations } = services({});
    browser.isConnected = false;
    void operations.start(cancelRequest(JOB));
    await browser.pass(60_000);
    assert.equal(browser.asked.length, 1);
    assert.equal(operations.operations[0]?.state, 'failed');
  });

  it('follows through a lost connection', async () => {
    let status = 'CANCELLING';
    const { browser, operations } = services({
      [`PATCH ${ROOT}?mode=cancel`]: {},
      [`${ROOT}/status`]: () => ({ status }),
    });
    void operations.start(cancelRequest(JOB));
    await browser.pass(1000);
    browser.isConnected = false;
    await browser.pass(5000);
    assert.match(operations.operations[0]?.progress.text ?? '', /its state is not known/);
    browser.isConnected = true;
    status = 'CANCELED';
    await browser.pass(5000);
    assert.match(operations.operations[0]?.progress.text ?? '', /has ended: canceled/);
  });

  it('says why a stop failed', async () => {
    const { browser, operations } = services({ [`POST ${ROOT}/stop`]: {} });
    const request = stopRequest(JOB, '/here', true);
    const { triggerId, ...body } = request.body as { triggerId: string };
    assert.deepEqual(body, { targetDirectory: '/here', drain: true });
    browser.answers[`${ROOT}/savepoints/${triggerId}`] = {
      status: { id: 'COMPLETED' },
      operation: { 'failure-cause': { class: 'X', 'stack-trace': 'X: no room\n  at y' } },
    };
    assert.equal(await operations.start(request), 'failed');
    assert.equal(operations.operations[0]?.progress.text, 'X: no room');
  });

  it('waits for all tasks after a rescale', async () => {
    let job: object = jobJson(1000, { state: 'RESTARTING' });
    const { browser, operations } = services({
      [`PUT ${ROOT}/resource-requirements`]: {},
      [ROOT]: () => job,
    });
    void operations.start(rescaleRequest(JOB, { [SINK_ID]: 2 }));
    await browser.pass(1000);
    assert.equal(operations.operations[0]?.state, 'running');
    job = jobJson(2000);
    await browser.pass(3000);
    assert.match(operations.operations[0]?.progress.text ?? '', /runs with the new parallelism/);
  });

  it('says that a job has ended instead of running', async () => {
    const { browser, operations } = services({
      [`POST ${ROOT}/wake`]: {},
      [ROOT]: jobJson(1000, { state: 'FAILED' }),
    });
    void operations.start(wakeRequest(JOB));
    await browser.pass(0);
    assert.equal(operations.operations[0]?.progress.text, 'The job has ended: failed.');
    operations.dismiss(operations.operations[0]?.id ?? 0);
    assert.deepEqual(operations.operations, []);
  });

  it('shows what is refused', async () => {
    const refusal = new FakeRefusal(409, 'it has already ended');
    const { operations } = services({ [`PATCH ${ROOT}?mode=cancel`]: refusal });
    assert.equal(await operations.start(cancelRequest(JOB)), 'failed');
    assert.equal(operations.operations[0]?.progress.text, 'it has already ended');
  });
});
