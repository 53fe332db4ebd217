import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError, type StreamErrorRecord } from '../core/index.ts';
import {
  createdJob,
  decideJob,
  JOB_TRANSITIONS,
  type JobEvent,
  type JobState,
} from './job-state.ts';

const boom = failure('boom');

function failure(message: string): StreamErrorRecord {
  return new StreamError({ kind: 'user', code: 'BOOM', message }).toJSON();
}

/** Applies the events; the commands of the last one. */
function after(slots: number, ...events: JobEvent[]): { state: JobState; commands: string[] } {
  let state = createdJob(slots);
  let commands: string[] = [];
  for (const event of events) {
    const decision = decideJob(state, event);
    state = decision.state;
    commands = decision.commands.map(({ type }) => type);
  }
  return { state, commands };
}

const running = (slotIndex: number): JobEvent => ({ type: 'slot-running', slotIndex });
const released = (slotIndex: number): JobEvent => ({ type: 'slot-released', slotIndex });

describe('decideJob', () => {
  it('starts the sources when the last slot runs, not before', () => {
    assert.deepEqual(after(2, running(1)).commands, []);
    const both = after(2, running(1), running(0));
    assert.equal(both.state.status, 'RUNNING');
    assert.deepEqual(both.commands, ['start-sources']);
  });

  it('finishes when every slot is released without a failure', () => {
    const one = after(2, running(0), running(1), released(0));
    assert.equal(one.state.status, 'RUNNING');
    const all = after(2, running(0), running(1), released(0), released(1));
    assert.equal(all.state.status, 'FINISHED');
    assert.deepEqual(all.commands, ['end']);
  });

  it('cancels the other slots at the first failure and keeps it as the root cause', () => {
    const first = after(1, running(0), { type: 'failed', error: boom });
    assert.equal(first.state.status, 'FAILING');
    assert.deepEqual(first.commands, ['cancel-slots']);
    const second = decideJob(first.state, { type: 'failed', error: failure('later') });
    assert.equal(second.state.failure?.message, 'boom');
    assert.deepEqual(second.commands, []);
    const end = decideJob(second.state, released(0));
    assert.equal(end.state.status, 'FAILED');
  });

  it('fails while still deploying when a slot cannot open', () => {
    const end = after(2, { type: 'failed', error: boom }, released(0), released(1));
    assert.equal(end.state.status, 'FAILED');
    assert.deepEqual(end.commands, ['end']);
  });

  it('counts a lost slot as released and fails the job', () => {
    const lost: JobEvent = { type: 'slot-lost', slotIndex: 0, error: boom };
    const end = after(1, running(0), lost);
    assert.equal(end.state.status, 'FAILED');
    assert.deepEqual(end.commands, ['cancel-slots', 'end']);
  });

  it('ignores the loss of a slot that was released', () => {
    const end = after(1, running(0), released(0), { type: 'slot-lost', slotIndex: 0, error: boom });
    assert.equal(end.state.status, 'FINISHED');
    assert.deepEqual(end.commands, []);
  });

  it('cancels once, and ends CANCELED when every slot is released', () => {
    const asked = after(1, running(0), { type: 'cancel' });
    assert.deepEqual(asked.commands, ['cancel-slots']);
    assert.deepEqual(decideJob(asked.state, { type: 'cancel' }).commands, []);
    assert.equal(decideJob(asked.state, released(0)).state.status, 'CANCELED');
  });

  it('ends FAILED when a task fails while it is canceled', () => {
    const end = after(
      1,
      running(0),
      { type: 'cancel' },
      { type: 'failed', error: boom },
      released(0),
    );
    assert.equal(end.state.status, 'FAILED');
  });

  it('only makes legal transitions and stays in a terminal state, whatever comes', () => {
    const events: JobEvent[] = [
      running(0),
      running(1),
      released(0),
      released(1),
      { type: 'failed', error: boom },
      { type: 'slot-lost', slotIndex: 1, error: boom },
      { type: 'cancel' },
    ];
    const seen = new Set<string>();
    const walk = (state: JobState, depth: number): void => {
      for (const event of events) {
        const next = decideJob(state, event).state;
        if (next.status !== state.status) {
          const steps = [...JOB_TRANSITIONS[state.status]];
          // The last slot's loss fails and ends the job in one decision.
          if (steps.includes('FAILING')) steps.push('FAILED');
          assert.ok(
            steps.includes(next.status),
            `${state.status} -> ${next.status} on ${event.type}`,
          );
        }
        seen.add(next.status);
        if (depth > 1) walk(next, depth - 1);
      }
    };
    walk(createdJob(2), 5);
    assert.deepEqual([...seen].toSorted(), Object.keys(JOB_TRANSITIONS).toSorted());
  });
});
