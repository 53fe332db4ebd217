import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sweepRules } from './sweep-rules.ts';

const STATUSES: Readonly<Record<string, string>> = {
  asleep: 'SUSPENDED',
  runs: 'RUNNING',
  ended: 'CANCELED',
  stuck: 'FAILED',
};

function world(options: { readonly listFails?: boolean; readonly remainingMs?: number } = {}) {
  const deleted: string[] = [];
  const logged: string[] = [];
  const parts = {
    rules: {
      list: async () => {
        if (options.listFails === true) throw new Error('denied');
        const jobs = [...Object.keys(STATUSES), 'unknown', 'broken'];
        return jobs.map((jobId) => ({ name: `p-w-${jobId}-1`, jobId }));
      },
      delete: async (name: string) => {
        if (name.includes('stuck')) throw new Error('denied');
        deleted.push(name);
      },
    },
    jobs: {
      get: async (jobId: string) => {
        if (jobId === 'broken') throw new Error('no table');
        const status = STATUSES[jobId];
        return status === undefined ? undefined : { job: { status } };
      },
    },
    logger: { log: (level: string) => void logged.push(level) },
    remainingMs: () => options.remainingMs ?? 60_000,
  };
  return { parts, deleted, logged };
}

describe('sweepRules', () => {
  it('deletes those of ended and unknown jobs, and goes on after failures', async () => {
    const { parts, deleted, logged } = world();
    assert.deepEqual(await sweepRules(parts), { rules: 6, deletedRules: 2, failedRules: 2 });
    assert.deepEqual(deleted, ['p-w-ended-1', 'p-w-unknown-1']);
    assert.deepEqual(logged.toSorted(), ['error', 'error', 'info', 'info']);
  });

  it('says that rules cannot be listed, and fails nothing else by it', async () => {
    const { parts, logged } = world({ listFails: true });
    assert.deepEqual(await sweepRules(parts), { rules: 0, deletedRules: 0, failedRules: 1 });
    assert.deepEqual(logged, ['error']);
  });

  it('ends before the invocation does', async () => {
    const { parts, deleted } = world({ remainingMs: 15_000 });
    assert.deepEqual(await sweepRules(parts), { rules: 6, deletedRules: 0, failedRules: 0 });
    assert.deepEqual(deleted, []);
  });
});
