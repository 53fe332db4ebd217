/** Goal: what a line looks like that `sluice logs` and people read. Method: what is written. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { functionLogger } from './observe.ts';
import { writtenLines } from './written-lines.conformance.ts';

describe('functionLogger', () => {
  const place = { jobId: 'j', attempt: 2, taskManager: 0, lease: 5 };
  const environment = { AWS_SECRET_ACCESS_KEY: 'not-for-you' };

  it('writes a line of JSON that says whose it is, and when', async () => {
    const [line] = await writtenLines(() => {
      const { logger, json } = functionLogger('taskmanager', 'orders', environment);
      json.appendKeys(place);
      logger.log('warn', 'it is late', { slot: 3, checkpoint: 7 });
    });
    const { timestamp, level, message, service, prefix, ...rest } = line ?? {};
    assert.ok(Date.parse(String(timestamp)) > 0);
    assert.deepEqual(
      [level, message, service, prefix],
      ['WARN', 'it is late', 'sluice-taskmanager', 'orders'],
    );
    const said = rest as Readonly<Record<string, unknown>>;
    for (const [name, value] of Object.entries({ ...place, slot: 3, checkpoint: 7 })) {
      assert.equal(said[name], value, name);
    }
  });

  it('writes no secret, in a message, a field or what is below it', async () => {
    const lines = await writtenLines(() => {
      const { logger } = functionLogger('api', 'orders', environment);
      logger.log('error', 'refused not-for-you', { reason: 'with not-for-you', taskToken: 'tt' });
      logger.log('info', 'a job prints', { details: { authorization: 'AWS4 not-for-you' } });
    });
    assert.equal(lines.length, 2);
    assert.doesNotMatch(JSON.stringify(lines), /not-for-you|tt"|AWS4/);
  });
});
