/** Goal: what a line looks like that `sluice logs` and people read. Method: what is written. */
import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { functionLogger } from './observe.ts';

/** Lines that the logger writes, parsed. */
function written(work: () => void): readonly Readonly<Record<string, unknown>>[] {
  const texts: string[] = [];
  const take = (text: unknown): boolean => texts.push(String(text)) > 0;
  const streams = [process.stdout, process.stderr].map((s) => mock.method(s, 'write', take));
  try {
    work();
  } finally {
    for (const stream of streams) stream.mock.restore();
  }
  return texts
    .filter((text) => text.startsWith('{'))
    .map((text) => JSON.parse(text) as object) as [];
}

describe('functionLogger', () => {
  const place = { jobId: 'j', attempt: 2, taskManager: 0, lease: 5 };
  const environment = { AWS_SECRET_ACCESS_KEY: 'not-for-you' };

  it('writes a line of JSON that says whose it is, and when', () => {
    const [line] = written(() => {
      const logger = functionLogger('taskmanager', 'orders', place, environment);
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

  it('writes no secret, in a message, a field or what is below it', () => {
    const lines = written(() => {
      const logger = functionLogger('api', 'orders', {}, environment);
      logger.log('error', 'refused not-for-you', { reason: 'with not-for-you', taskToken: 'tt' });
      logger.log('info', 'a job prints', { details: { authorization: 'AWS4 not-for-you' } });
    });
    assert.equal(lines.length, 2);
    assert.doesNotMatch(JSON.stringify(lines), /not-for-you|tt"|AWS4/);
  });
});
