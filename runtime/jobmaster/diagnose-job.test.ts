import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnoseJob } from './diagnose-job.ts';
import type { DiagnosedJob } from './diagnosed-job.ts';
import type { ExecutionState } from './execution-states.ts';
import type { VertexExecutions } from './job-executions.ts';
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

/** A vertex of one subtask that is in that state for so long. */
function of(vertexId: string, state: ExecutionState, sinceMs: number): VertexExecutions {
  const times = { [state]: NOW_EPOCH_MS - sinceMs };
  const subtask = { subtaskIndex: 0, slotIndex: 0, attemptNumber: 0, prior: [], state, times };
  return { vertexId, subtasks: [subtask] };
}

describe('diagnoseJob', () => {
  it('says of a job of which nothing is known that nothing is', () => {
    const { verdict, findings } = diagnoseJob(job({ status: 'CREATED' }));
    assert.equal(verdict, 'starting');
    assert.deepEqual(findings, []);
  });

  it('names the slots that a job waits for', () => {
    const slots = { required: 8, total: 9, available: 3 };
    for (const status of ['CREATED', 'RECONCILING'] as const) {
      const { verdict, findings } = diagnoseJob(job({ status, slots }));
      assert.equal(verdict, 'blocked');
      assert.equal(findings[0]?.code, 'WAITS_FOR_SLOTS');
      assert.match(findings[0]?.sentence ?? '', /needs 8 of the cluster's 9, and 3 are free/);
    }
  });

  it('says that a cluster will never have the slots', () => {
    const slots = { required: 8, total: 4, available: 4 };
    const [finding] = diagnoseJob(job({ status: 'RECONCILING', slots })).findings;
    assert.match(finding?.sentence ?? '', /needs 8 of the cluster's 4, and there are not so many/);
    assert.match(finding?.advice ?? '', /^It cannot run here: start the cluster with more slots/);
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

  it('calls it no loop any more when the job has run for longer than between its failures', () => {
    const exceptions = failures(40_000, 52_000);
    const isLooping = diagnoseJob(job({ exceptions, executions: [of('v', 'RUNNING', 12_000)] }));
    assert.equal(isLooping.findings[0]?.code, 'RESTART_LOOP');
    const { findings } = diagnoseJob(job({ exceptions, executions: [of('v', 'RUNNING', 34_000)] }));
    assert.deepEqual(
      findings.map(({ code, severity }) => [code, severity]),
      [['RESTARTED', 'info']],
    );
    assert.match(
      findings[0]?.sentence ?? '',
      /after a failure 40 s ago, the second of late in Parse/,
    );
  });

  it('warns of failures that are far apart', () => {
    const executions = [of('v', 'RUNNING', 30_000)];
    const exceptions = failures(31_000, 500_000);
    const [finding] = diagnoseJob(job({ exceptions, executions })).findings;
    assert.equal(finding?.code, 'RESTART_LOOP');
    assert.equal(finding.severity, 'warning');
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

  it('names the task that does not come up, not those that wait for it', () => {
    const executions = [of('v', 'INITIALIZING', 30_000), of('w', 'DEPLOYING', 25_000)];
    const { verdict, findings } = diagnoseJob(job({ status: 'CREATED', executions }));
    assert.equal(findings[0]?.code, 'DEPLOYMENT_HANGS');
    assert.match(findings[0]?.sentence ?? '', /^"w" has been starting for 25 s/);
    assert.equal(findings[0]?.vertexId, 'w');
    assert.equal(verdict, 'blocked');
  });

  it('says how many tasks are up of a job that starts', () => {
    const executions = [of('v', 'INITIALIZING', 3000), of('w', 'DEPLOYING', 4000)];
    const { verdict, summary } = diagnoseJob(job({ status: 'CREATED', executions }));
    assert.equal(verdict, 'starting');
    assert.equal(summary, 'The job is starting: 1 of its 2 tasks are up.');
  });

  it('says of a job that is being canceled for whom that waits, and until when', () => {
    const executions = [of('v', 'CANCELED', 30_000), of('w', 'CANCELING', 30_000)];
    const cancellationTimeoutMs = 180_000;
    const known = job({ status: 'CANCELLING', executions, cancellationTimeoutMs });
    const { verdict, summary, findings } = diagnoseJob(known);
    assert.equal(findings[0]?.code, 'IS_CANCELED');
    assert.equal(verdict, 'waiting');
    assert.match(summary, /waits for 1 of its 2 tasks to stop \("w"\), since 30 s/);
    assert.match(summary, /is ended in 2 min 30 s \(task\.cancellation\.timeout: 3 min\)/);
    const endless = diagnoseJob({ ...known, cancellationTimeoutMs: 0 }).summary;
    assert.match(endless, /it waits without end/);
  });

  it('says of a job that restarts or fails which tasks it still waits for', () => {
    const executions = [of('w', 'CANCELING', 30_000)];
    for (const status of ['RESTARTING', 'FAILING'] as const) {
      const known = job({ status, executions, exceptions: failures(31_000) });
      const { summary, findings } = diagnoseJob(known);
      assert.match(summary, /no price; it waits for 1 of its 1 tasks to stop \("w"\), since 30 s/);
      assert.equal(findings[0]?.code, status === 'FAILING' ? 'JOB_FAILED' : 'RESTARTED');
    }
  });

  it('names the process when nothing is heard of any of its slots', () => {
    const [one, two] = [of('v', 'RUNNING', 100_000), of('w', 'RUNNING', 100_000)];
    const moved = two.subtasks.map((subtask) => ({ ...subtask, slotIndex: 1 }));
    const executions = [one, { ...two, subtasks: moved }];
    const taskManagers = new Map([0, 1].map((slotIndex) => [slotIndex, 'tm-1'] as const));
    const heard = { intervalMs: 1000, taskManagers };
    const both = diagnoseJob(job({ executions, reports: { ...heard, heardAtEpochMs: new Map() } }));
    assert.equal(both.findings.length, 1);
    assert.match(both.summary, /^The TaskManager tm-1 has not answered for 1 min 40 s/);
    const heardAtEpochMs = new Map([['v:0', NOW_EPOCH_MS]]);
    const half = diagnoseJob(job({ executions, reports: { ...heard, heardAtEpochMs } }));
    assert.match(half.summary, /^"w" has not answered for 1 min 40 s: calls of its functions hold/);
  });

  it('has the words of an end', () => {
    const summary = (status: DiagnosedJob['status']): string =>
      diagnoseJob(job({ status })).summary;
    assert.equal(summary('FINISHED'), 'The job has finished.');
    assert.equal(summary('CANCELED'), 'The job was canceled.');
    assert.match(summary('FAILED'), /^The job has failed: UNKNOWN/);
  });
});
