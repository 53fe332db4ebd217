import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decideSweep,
  jobOfInbox,
  USUAL_MIN_AGE_MS as MIN_AGE_MS,
  minAgeOf,
  type SweepParts,
  sweep,
} from './sweep.ts';

const JOB = 'a'.repeat(32);
const OLD = { createdAtEpochMs: 0 };

interface World {
  readonly urls: Record<string, { readonly createdAtEpochMs?: number }>;
  readonly statuses?: Record<string, string>;
  readonly remainingMs?: number[];
}

function worldOf({ urls, statuses = {}, remainingMs = [] }: World): {
  readonly parts: SweepParts;
  readonly deleted: string[];
} {
  const deleted: string[] = [];
  const parts: SweepParts = {
    inboxPrefix: 'p-i-',
    minAgeMs: MIN_AGE_MS,
    clock: { nowEpochMs: () => 2 * MIN_AGE_MS, monotonicMs: () => 0 },
    logger: { log: () => {} },
    remainingMs: () => remainingMs.shift() ?? 60_000,
    jobs: {
      get: async (jobId) => {
        const status = statuses[jobId];
        return status === undefined ? undefined : { job: { status } };
      },
    },
    queues: {
      urls: async () => Object.keys(urls),
      createdAtEpochMs: async (url) => urls[url]?.createdAtEpochMs,
      delete: async (url) => {
        if (url.endsWith('-13')) throw new Error('denied');
        deleted.push(url);
      },
    },
  };
  return { parts, deleted };
}

describe('decideSweep', () => {
  const minAgeMs = MIN_AGE_MS;

  it('keeps the inbox of a job that lives, hibernates or is being planned', () => {
    for (const status of ['INITIALIZING', 'CREATED', 'RUNNING', 'RESTARTING', 'SUSPENDED']) {
      assert.equal(decideSweep({ status, ageMs: 1e12, minAgeMs }), 'keep', status);
    }
  });

  it('deletes the old inbox of a job that has ended or is not known', () => {
    for (const status of ['FINISHED', 'FAILED', 'CANCELED', undefined]) {
      assert.equal(decideSweep({ status, ageMs: MIN_AGE_MS, minAgeMs }), 'delete', status);
    }
  });

  it('keeps a young inbox, whatever its job, and leaves alone what is gone', () => {
    for (const status of ['FINISHED', undefined]) {
      assert.equal(decideSweep({ status, ageMs: MIN_AGE_MS - 1, minAgeMs }), 'keep');
      assert.equal(decideSweep({ status, ageMs: undefined, minAgeMs }), 'keep');
    }
  });
});

describe('minAgeOf', () => {
  it('is an hour unless somebody asks for another', () => {
    for (const event of [undefined, null, {}, { source: 'aws.events' }, { olderThanSeconds: -1 }]) {
      assert.equal(minAgeOf(event), 3_600_000);
    }
    assert.equal(minAgeOf({ olderThanSeconds: 0 }), 0);
    assert.equal(minAgeOf({ olderThanSeconds: 60 }), 60_000);
  });
});

describe('jobOfInbox', () => {
  it('reads the job in the name of an inbox of this cluster, and in no other', () => {
    assert.equal(jobOfInbox(`http://h:1/0/p-i-${JOB}-12`, 'p-i-'), JOB);
    for (const name of [`q-i-${JOB}-0`, `p-i-${JOB}`, `p-i-${JOB}-0x`, 'p-i-42-0', 'p-ticks']) {
      assert.equal(jobOfInbox(`http://h:1/0/${name}`, 'p-i-'), undefined, name);
    }
  });
});

describe('sweep', () => {
  it('deletes what ended jobs left behind, and nothing else', async () => {
    const [ended, lives, young] = ['b', 'c', 'd'].map((digit) => digit.repeat(32));
    const { parts, deleted } = worldOf({
      urls: {
        [`u/p-i-${JOB}-0`]: OLD,
        [`u/p-i-${ended}-0`]: OLD,
        [`u/p-i-${ended}-1`]: OLD,
        [`u/p-i-${lives}-0`]: OLD,
        [`u/p-i-${young}-0`]: { createdAtEpochMs: MIN_AGE_MS + 1 },
        'u/p-i-foreign': OLD,
      },
      statuses: { [`${ended}`]: 'CANCELED', [`${lives}`]: 'RUNNING' },
    });
    const result = await sweep(parts);
    assert.deepEqual(deleted, [`u/p-i-${JOB}-0`, `u/p-i-${ended}-0`, `u/p-i-${ended}-1`]);
    assert.deepEqual(result, { inboxes: 5, deleted: 3, failed: 0, unseen: 0 });
  });

  it('goes on behind an inbox that cannot be deleted, and counts it', async () => {
    const { parts, deleted } = worldOf({
      urls: { [`u/p-i-${JOB}-13`]: OLD, [`u/p-i-${JOB}-14`]: OLD },
    });
    assert.deepEqual(await sweep(parts), { inboxes: 2, deleted: 1, failed: 1, unseen: 0 });
    assert.deepEqual(deleted, [`u/p-i-${JOB}-14`]);
  });

  it('ends before the invocation does', async () => {
    const urls = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`u/p-i-${JOB}-${index + 20}`, OLD]),
    );
    const { parts } = worldOf({ urls, remainingMs: [60_000, 15_000] });
    assert.deepEqual(await sweep(parts), { inboxes: 20, deleted: 8, failed: 0, unseen: 12 });
  });
});
