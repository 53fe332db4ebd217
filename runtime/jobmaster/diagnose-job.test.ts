import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseJob } from './diagnose-job.ts';
import type { DiagnosedJob } from './diagnosed-job.ts';
import { emptyExceptionHistory } from './restart-exception-history.ts';

const NOW_EPOCH_MS = 1_790_000_000_000;

function job(changed: Partial<DiagnosedJob>): DiagnosedJob {
  const exceptions = emptyExceptionHistory(16);
  return { nowEpochMs: NOW_EPOCH_MS, status: 'RUNNING', executions: [], exceptions, ...changed };
}

function failure(agoMs: number) {
  const error = { kind: 'user', code: 'USER_CODE', message: 'no price', details: {} } as const;
  const timestampEpochMs = NOW_EPOCH_MS - agoMs;
  const task = { vertexId: 'v', subtaskIndex: 2 };
  return { timestampEpochMs, error, task, taskName: 'Parse (3/4)', concurrentExceptions: [] };
}

function failures(...agosMs: readonly number[]): DiagnosedJob['exceptions'] {
  return { size: 16, entries: agosMs.map(failure), truncated: false };
}

describe('diagnoseJob', () => {
  it('says of a job of which nothing is known that nothing is', () => {
    const { verdict, findings } = diagnoseJob(job({ status: 'CREATED' }));
    assert.equal(verdict, 'starting');
    assert.deepEqual(findings, []);
  });

  it('names the slots that a job waits for', () => {
    const slots = { required: 8, total: 4 };
    const { verdict, findings } = diagnoseJob(job({ status: 'CREATED', slots }));
    assert.equal(verdict, 'blocked');
    assert.equal(findings[0]?.code, 'WAITS_FOR_SLOTS');
    assert.match(findings[0]?.sentence ?? '', /needs 8 of the cluster's 4/);
  });

  it('says what wakes a job that hibernates', () => {
    const hibernation = {
      sinceEpochMs: NOW_EPOCH_MS - 3_600_000,
      checkpointId: 7,
      wakesAtEpochMs: NOW_EPOCH_MS + 60_000,
      wakeSchedule: 'rate(1 hour)',
    };
    const { verdict, findings } = diagnoseJob(job({ status: 'HIBERNATED', hibernation }));
    const [finding] = findings;
    assert.equal(verdict, 'waiting');
    assert.equal(finding?.code, 'HIBERNATES');
    assert.match(finding?.sentence ?? '', /hibernates for 1 h/);
    assert.match(finding?.sentence ?? '', /by itself in 1 min, by its schedule \(rate\(1 hour\)\)/);
    assert.equal(finding?.evidence.checkpointId, 7);
  });

  it('says that nothing but a person wakes it', () => {
    const hibernation = { sinceEpochMs: NOW_EPOCH_MS, checkpointId: 7 };
    const { findings } = diagnoseJob(job({ status: 'HIBERNATED', hibernation }));
    assert.match(findings[0]?.sentence ?? '', /it wakes only by `sluice wake <job id>`/);
    assert.match(findings[0]?.advice ?? '', /sluice\.wake-events/);
  });

  it('calls one failure news and two a loop', () => {
    const once = diagnoseJob(job({ exceptions: failures(5000) }));
    assert.equal(once.findings[0]?.code, 'RESTARTED');
    assert.equal(once.findings[0]?.severity, 'info');
    const [twice] = diagnoseJob(job({ exceptions: failures(5000, 20_000) })).findings;
    assert.equal(twice?.code, 'RESTART_LOOP');
    assert.match(
      twice?.sentence ?? '',
      /2 times in the last 20 s; .* in Parse \(3\/4\): USER_CODE/,
    );
    assert.equal(twice?.subtaskIndex, 2);
    assert.equal(twice?.vertexName, 'Parse');
  });

  it('forgets failures of long ago', () => {
    assert.deepEqual(diagnoseJob(job({ exceptions: failures(120_000) })).findings, []);
    assert.deepEqual(diagnoseJob(job({ exceptions: failures(120_000, 130_000) })).findings, []);
  });

  it('says what a job that restarts now has failed of', () => {
    const { findings } = diagnoseJob(job({ status: 'RESTARTING', exceptions: failures(90_000) }));
    assert.equal(findings[0]?.code, 'RESTARTED');
    assert.equal(findings[0]?.severity, 'warning');
  });

  it('names the task that does not come up', () => {
    const times = { DEPLOYING: NOW_EPOCH_MS - 40_000, INITIALIZING: NOW_EPOCH_MS - 30_000 };
    const subtask = { subtaskIndex: 0, slotIndex: 0, attemptNumber: 0, prior: [], times };
    const executions = [
      { vertexId: 'v', subtasks: [{ ...subtask, state: 'INITIALIZING' } as const] },
    ];
    const [finding] = diagnoseJob(job({ executions })).findings;
    assert.equal(finding?.code, 'DEPLOYMENT_HANGS');
    assert.match(finding?.sentence ?? '', /is INITIALIZING for 30 s/);
    assert.match(finding?.advice ?? '', /open\(\)/);
  });

  it('has the words of an end', () => {
    const summary = (status: DiagnosedJob['status']): string =>
      diagnoseJob(job({ status })).summary;
    assert.equal(summary('FINISHED'), 'The job has finished.');
    assert.equal(summary('CANCELED'), 'The job was canceled.');
    assert.match(summary('FAILED'), /^The job has failed: UNKNOWN/);
  });
});
