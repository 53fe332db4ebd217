import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration } from '../core/index.ts';
import { decideHistory, jobHistorySettings } from './job-history.ts';

const ended = [10, 30, 20].map((endedAtEpochMs) => ({
  jobId: `j${endedAtEpochMs}`,
  endedAtEpochMs,
}));

describe('decideHistory', () => {
  it('forgets what ended too long ago, and knows when the next is due', () => {
    const settings = { maxCount: 5, expirationMs: 100 };
    assert.deepEqual(decideHistory(ended, settings, 109), { forgotten: [], nextEpochMs: 110 });
    const later = decideHistory(ended, settings, 120);
    assert.deepEqual(later, { forgotten: ['j20', 'j10'], nextEpochMs: 130 });
    const last = decideHistory(ended, settings, 130);
    assert.deepEqual([last.forgotten.length, last.nextEpochMs], [3, undefined]);
  });

  it('keeps the newest when there are too many', () => {
    const decided = decideHistory(ended, { maxCount: 1, expirationMs: 100 }, 50);
    assert.deepEqual(decided, { forgotten: ['j20', 'j10'], nextEpochMs: 130 });
  });
});

describe('jobHistorySettings', () => {
  it('keeps jobs for an hour, however many, as Flink does', () => {
    const defaults = { maxCount: 2 ** 31 - 1, expirationMs: 3_600_000 };
    assert.deepEqual(jobHistorySettings(Configuration.EMPTY), defaults);
  });

  it('takes both limits from their options', () => {
    const options = { 'jobstore.max-capacity': 7, 'jobstore.expiration-time': 90 };
    const settings = jobHistorySettings(Configuration.fromRecord(options));
    assert.deepEqual(settings, { maxCount: 7, expirationMs: 90_000 });
  });
});
