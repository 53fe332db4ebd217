import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type CheckpointStatsRecord, emptyStatistics } from '../checkpoint/index.ts';
import { createdJob } from './job-state.ts';
import { tellOfCheckpoints, tellOfJob } from './life-log.ts';
import { createdRestart } from './restart-strategy.ts';

function recorder() {
  const lines: unknown[] = [];
  return { lines, log: (...line: unknown[]) => void lines.push(line) };
}

describe('tellOfJob', () => {
  const restart = createdRestart({ type: 'none' });
  const job = createdJob([], restart, { status: 'INITIALIZING', lastAttempt: -1 });

  it('says each new status, with the attempt once there is one, and the failure', () => {
    const logger = recorder();
    const running = { ...job, status: 'RUNNING', attempt: 2 } as const;
    const error = { kind: 'user', code: 'BOOM', message: 'it broke', details: {} } as const;
    tellOfJob(logger, job, job);
    tellOfJob(logger, job, { ...job, status: 'CREATED' });
    tellOfJob(logger, job, running);
    tellOfJob(logger, running, { ...running, status: 'FAILING', failure: error });
    assert.deepEqual(logger.lines, [
      ['info', 'the job is CREATED', {}],
      ['info', 'the job is RUNNING', { attempt: 2 }],
      ['info', 'the job is FAILING', { attempt: 2, code: 'BOOM', reason: 'it broke' }],
    ]);
  });

  it('says at ERROR that the job has failed, with the trace of the user’s function', () => {
    const logger = recorder();
    const stack = 'Error: bad price\n    at map (/jobs/job.ts:4:73)';
    const cause = { message: 'Error: bad price', stack };
    const failure = {
      kind: 'user',
      code: 'BOOM',
      message: 'it broke',
      details: {},
      cause,
    } as const;
    tellOfJob(logger, job, { ...job, status: 'FAILED', attempt: 2, failure });
    const trace = 'BOOM: it broke\nCaused by: Error: bad price\n    at map (/jobs/job.ts:4:73)';
    const why = { attempt: 2, code: 'BOOM', reason: 'it broke', stack: trace };
    assert.deepEqual(logger.lines, [['error', 'the job is FAILED', why]]);
  });
});

describe('tellOfCheckpoints', () => {
  const begun: CheckpointStatsRecord = {
    ...{ checkpointId: 7, status: 'IN_PROGRESS', type: 'CHECKPOINT', full: false },
    ...{ triggeredAtEpochMs: 1000, tasks: [] },
  };
  const none = emptyStatistics(10);
  const having = (record: CheckpointStatsRecord) => ({ ...none, history: [record] });
  const type = 'CHECKPOINT';

  it('says what begins, completes and fails, once', () => {
    const logger = recorder();
    const complete = { ...begun, status: 'COMPLETED', completedAtEpochMs: 1250 } as const;
    const error = { kind: 'user', code: 'LATE', message: 'too late', details: {} } as const;
    tellOfCheckpoints(logger, none, having(begun));
    tellOfCheckpoints(logger, having(begun), having({ ...begun }));
    tellOfCheckpoints(logger, having(begun), having(complete));
    tellOfCheckpoints(logger, having(begun), having({ ...begun, status: 'FAILED', error }));
    const sizes = { checkpointedSizeBytes: 0, stateSizeBytes: 0 };
    assert.deepEqual(logger.lines, [
      ['info', 'a checkpoint begins', { checkpoint: 7, type }],
      ['info', 'a checkpoint is complete', { checkpoint: 7, type, durationMs: 250, ...sizes }],
      [
        'info',
        'a checkpoint has failed',
        { checkpoint: 7, type, code: 'LATE', reason: 'too late' },
      ],
    ]);
  });
});
