import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ExecutionStates,
  executionsOf,
  followJob,
  NO_EXECUTIONS,
  withTaskEnd,
} from './execution-states.ts';
import { createdJob, decideJob, type JobEvent, type JobState } from './job-state.ts';
import { createdRestart } from './restart-strategy.ts';

const FAILURE = {
  error: { kind: 'user', code: 'BAD', message: 'bad', details: {} },
  jitter: 0,
} as const;

/** A job of one region with two slots; time goes one second further with each event. */
class Life {
  states: ExecutionStates = NO_EXECUTIONS;
  job: JobState = createdJob(
    [[0, 1]],
    createdRestart({ type: 'fixed-delay', attempts: 99, delayMs: 1 }),
    {
      status: 'INITIALIZING',
      lastAttempt: -1,
    },
  );
  nowEpochMs = 0;

  constructor() {
    this.states = followJob(this.states, this.job, 0);
  }

  after(...events: readonly JobEvent[]): this {
    for (const event of events) {
      this.nowEpochMs += 1000;
      this.job = decideJob(this.job, event).state;
      this.states = followJob(this.states, this.job, this.nowEpochMs);
    }
    return this;
  }

  statesOf(slotIndex: number): readonly string[] {
    return this.executions(slotIndex).map(
      ({ state, attemptNumber }) => `${attemptNumber} ${state}`,
    );
  }

  executions(slotIndex: number) {
    return executionsOf(this.states, slotIndex, { vertexId: 'v', subtaskIndex: slotIndex });
  }
}

function running(slotIndex: number, attempt: number): JobEvent {
  return { type: 'slot-running', slotIndex, attempt };
}

function released(slotIndex: number, attempt: number): JobEvent {
  return { type: 'slot-released', slotIndex, attempt };
}

describe('followJob', () => {
  it('goes from CREATED to RUNNING with the time of each state', () => {
    const life = new Life();
    assert.deepEqual(life.statesOf(0), ['0 CREATED']);
    life.after({ type: 'initialized' });
    assert.deepEqual(life.statesOf(0), ['0 DEPLOYING']);
    life.after(running(0, 0));
    assert.deepEqual(life.statesOf(0), ['0 INITIALIZING']);
    assert.deepEqual(life.statesOf(1), ['0 DEPLOYING']);
    life.after(running(1, 0));
    assert.deepEqual(life.statesOf(0), ['0 RUNNING']);
    assert.deepEqual(life.executions(0)[0]?.times, {
      ...{ CREATED: 0, SCHEDULED: 1000, DEPLOYING: 1000, INITIALIZING: 2000, RUNNING: 3000 },
    });
  });

  it('counts attempts, and tells of the earlier ones newest first', () => {
    const life = new Life().after({ type: 'initialized' }, running(0, 0), running(1, 0));
    const failed = { type: 'task-failed', slotIndex: 1, attempt: 0, nowEpochMs: 4000, ...FAILURE };
    life.states = withTaskEnd(
      life.states,
      { vertexId: 'v', subtaskIndex: 1 },
      { state: 'FAILED', atEpochMs: 3500, attempt: 0 },
    );
    life.after(failed as JobEvent);
    assert.deepEqual(life.statesOf(0), ['0 CANCELING']);
    assert.deepEqual(life.statesOf(1), ['0 FAILED']);
    life.after(released(0, 0), released(1, 0));
    assert.deepEqual(life.statesOf(0), ['0 CANCELED']);
    life.after({ type: 'restart-due', regionIndexes: [0] });
    assert.deepEqual(life.statesOf(0), ['1 DEPLOYING', '0 CANCELED']);
    assert.deepEqual(life.statesOf(1), ['1 DEPLOYING', '0 FAILED']);
    assert.equal(life.executions(1)[1]?.times.FAILED, 3500);
    assert.equal(life.executions(1)[1]?.times.CANCELED, undefined);
  });

  it('is FINISHED for a slot that is released while its region runs, and stays so', () => {
    const life = new Life().after({ type: 'initialized' }, running(0, 0), running(1, 0));
    life.after(released(0, 0));
    assert.deepEqual(life.statesOf(0), ['0 FINISHED']);
    life.after({ type: 'cancel' }, released(1, 0));
    assert.deepEqual(life.statesOf(0), ['0 FINISHED']);
    assert.deepEqual(life.statesOf(1), ['0 CANCELED']);
    assert.equal(life.job.status, 'CANCELED');
  });

  it('keeps the last sixteen of many attempts', () => {
    const life = new Life().after({ type: 'initialized' });
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const failed = { type: 'task-failed', slotIndex: 0, attempt, nowEpochMs: 0, ...FAILURE };
      life.after(failed as JobEvent, released(0, attempt), released(1, attempt));
      life.after({ type: 'restart-due', regionIndexes: [0] });
    }
    assert.equal(life.executions(0).length, 17);
    assert.equal(life.executions(0)[0]?.attemptNumber, 20);
  });

  it('waits to be created again while the job sleeps', () => {
    const life = new Life().after({ type: 'initialized' }, running(0, 0), running(1, 0));
    life.after({ type: 'hibernate' }, released(0, 0), released(1, 0));
    assert.equal(life.job.status, 'HIBERNATED');
    assert.deepEqual(life.statesOf(0), ['0 CREATED']);
    life.after({ type: 'wake' });
    assert.deepEqual(life.statesOf(0), ['1 DEPLOYING', '0 CREATED']);
  });

  it('is the same object when nothing changes', () => {
    const life = new Life();
    assert.equal(followJob(life.states, life.job, 99), life.states);
  });
});
