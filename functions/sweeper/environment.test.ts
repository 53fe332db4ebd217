import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSweeperEnvironment } from './environment.ts';

describe('readSweeperEnvironment', () => {
  it('reads what the stack gives', () => {
    const environment = { SLUICE_PREFIX: 'p', SLUICE_JOBS_TABLE: 'p-jobs', HOME: '/' };
    assert.deepEqual(readSweeperEnvironment(environment), { prefix: 'p', jobsTable: 'p-jobs' });
  });

  it('names the variable that is missing or empty', () => {
    const incomplete = { SLUICE_PREFIX: 'p', SLUICE_JOBS_TABLE: '' };
    assert.throws(() => readSweeperEnvironment(incomplete), {
      code: 'ENVIRONMENT_INCOMPLETE',
      message: /variable=SLUICE_JOBS_TABLE$/,
    });
  });
});
