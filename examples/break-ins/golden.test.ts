import { deepEqual, equal, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runJob } from 'sluice/testing';
import { PARALLELISMS } from '../golden.ts';
import breakIns from './job.ts';

describe('break-ins', () => {
  for (const parallelism of PARALLELISMS) {
    it(`tells who broke in and who gave up at parallelism ${parallelism}`, async () => {
      const { printed, result } = await runJob(breakIns, { parallelism });
      equal(result.status, 'FINISHED', result.error?.message);
      const lines = printed.trim().split('\n');
      deepEqual(lines.map((line) => line.replace(/:\d+> /, '> ')).sort(), [
        'break-in> {"user":"ann","failedMs":[1000,2000,3000],"inMs":4000}',
        'given up> {"user":"cid","failedMs":[8000,9000,10000]}',
        'given up> {"user":"eve","failedMs":[5000,6000,7000]}',
      ]);
    });
  }

  it('refuses arguments: it has none', async () => {
    await rejects(runJob(breakIns, { args: ['--nonsense'] }), { code: 'BAD_ARGUMENTS' });
  });
});
