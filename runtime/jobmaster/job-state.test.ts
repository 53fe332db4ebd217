import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError, type StreamErrorRecord } from '../core/index.ts';
import {
  createdJob,
  decideJob,
  isTerminal,
  JOB_TRANSITIONS,
  type JobCommand,
  type JobEvent,
  type JobState,
} from './job-state.ts';
import type { RestartSettings } from './restart-settings.ts';
import { createdRestart } from './restart-strategy.ts';

const FIXED: RestartSettings = { type: 'fixed-delay', attempts: 2, delayMs: 1_000 };
const NONE: RestartSettings = { type: 'none' };
const boom = failure('boom');

function failure(message: string, code = 'BOOM'): StreamErrorRecord {
  return new StreamError({ kind: 'user', code, message }).toJSON();
}

interface After {
  readonly state: JobState;
  /** Of the last event. */
  readonly commands: readonly JobCommand[];
  readonly types: readonly string[];
}

/** Applies the events to a job that was just initialized. */
function after(
  settings: RestartSettings,
  regions: readonly (readonly number[])[],
  ...events: readonly JobEvent[]
): After {
  const from = { status: 'INITIALIZING', lastAttempt: -1 } as const;
  let state = createdJob(regions, createdRestart(settings), from);
  let commands: readonly JobCommand[] = [];
  for (const event of [{ type: 'initialized' } as const, ...events]) {
    ({ state, commands } = decideJob(state, event));
  }
  return { state, commands, types: commands.map(({ type }) => type) };
}

const running = (slotIndex: number, attempt = 0): JobEvent => ({
  type: 'slot-running',
  slotIndex,
  attempt,
});
const released = (slotIndex: number, attempt = 0): JobEvent => ({
  type: 'slot-released',
  slotIndex,
  attempt,
});
const world = { nowEpochMs: 0, jitter: 0.5 };
const failed = (slotIndex: number, attempt = 0, error = boom): JobEvent => ({
  type: 'task-failed',
  slotIndex,
  attempt,
  error,
  ...world,
});
const lost = (slotIndex: number, attempt = 0, error = boom): JobEvent => ({
  type: 'slot-lost',
  slotIndex,
  attempt,
  error,
  ...world,
});
const due = (...regionIndexes: number[]): JobEvent => ({ type: 'restart-due', regionIndexes });

describe('decideJob', () => {
  it('deploys every region with an attempt of its own and starts it when all its slots run', () => {
    const created = after(NONE, [[0, 1], [2]]);
    assert.equal(created.state.status, 'CREATED');
    assert.deepEqual(created.commands, [
      { type: 'deploy', regionIndex: 0, attempt: 0 },
      { type: 'deploy', regionIndex: 1, attempt: 1 },
    ]);
    assert.deepEqual(after(NONE, [[0, 1], [2]], running(1)).commands, []);
    const first = after(NONE, [[0, 1], [2]], running(1), running(0));
    assert.equal(first.state.status, 'CREATED');
    assert.deepEqual(first.commands, [{ type: 'start-region', regionIndex: 0 }]);
    const all = after(NONE, [[0, 1], [2]], running(1), running(0), running(2, 1));
    assert.equal(all.state.status, 'RUNNING');
  });

  it('finishes when every slot is released without a failure', () => {
    const one = after(NONE, [[0], [1]], running(0), running(1, 1), released(0));
    assert.equal(one.state.status, 'RUNNING');
    const all = after(NONE, [[0], [1]], running(0), running(1, 1), released(0), released(1, 1));
    assert.equal(all.state.status, 'FINISHED');
    assert.deepEqual(all.types, ['end']);
  });

  it('stops everything at the first failure without a restart strategy and keeps its cause', () => {
    const first = after(NONE, [[0], [1]], running(0), running(1, 1), failed(0));
    assert.equal(first.state.status, 'FAILING');
    assert.deepEqual(first.types, ['stop-region', 'stop-region']);
    const second = decideJob(first.state, failed(1, 1, failure('later')));
    assert.equal(second.state.failure?.message, 'boom');
    assert.deepEqual(second.commands, []);
    const one = decideJob(second.state, released(0));
    assert.equal(one.state.status, 'FAILING');
    assert.equal(decideJob(one.state, released(1, 1)).state.status, 'FAILED');
  });

  it('restarts only the region that failed, with a new attempt, once stopped and due', () => {
    const base = [running(0), running(1, 1), failed(0)];
    const stopping = after(FIXED, [[0], [1]], ...base);
    assert.equal(stopping.state.status, 'RESTARTING');
    assert.deepEqual(stopping.commands, [
      { type: 'stop-region', regionIndex: 0 },
      { type: 'restart-after', delayMs: 1_000, regionIndexes: [0] },
    ]);
    const redeploy = [{ type: 'deploy', regionIndex: 0, attempt: 2 }];
    assert.deepEqual(after(FIXED, [[0], [1]], ...base, due(0)).commands, []);
    assert.deepEqual(after(FIXED, [[0], [1]], ...base, released(0)).commands, []);
    assert.deepEqual(after(FIXED, [[0], [1]], ...base, due(0), released(0)).commands, redeploy);
    const again = after(FIXED, [[0], [1]], ...base, released(0), due(0));
    assert.deepEqual(again.commands, redeploy);
    assert.equal(decideJob(again.state, running(0, 2)).state.status, 'RUNNING');
  });

  it('ignores what an older attempt of a region still says', () => {
    const restarted = after(FIXED, [[0]], running(0), failed(0), released(0), due(0));
    for (const event of [running(0, 0), released(0, 0), failed(0, 0), lost(0, 0)]) {
      const next = decideJob(restarted.state, event);
      assert.deepEqual(next, { state: restarted.state, commands: [] });
    }
  });

  it('gives up when the restart strategy does', () => {
    let { state } = after(FIXED, [[0]], running(0));
    for (const attempt of [0, 1]) {
      state = decideJob(state, failed(0, attempt)).state;
      state = decideJob(state, released(0, attempt)).state;
      state = decideJob(state, due(0)).state;
      state = decideJob(state, running(0, attempt + 1)).state;
      assert.equal(state.status, 'RUNNING');
    }
    const last = decideJob(state, failed(0, 2));
    assert.equal(last.state.status, 'FAILING');
    assert.equal(decideJob(last.state, released(0, 2)).state.status, 'FAILED');
  });

  it('does not restart from an error that would come again', () => {
    const error = { ...boom, kind: 'invalid' as const };
    assert.equal(after(FIXED, [[0]], running(0), failed(0, 0, error)).state.status, 'FAILING');
  });

  it('restarts at once, uncounted, when the platform asks for another attempt', () => {
    const full = failure('no room for another lease', 'HISTORY_FULL');
    for (const settings of [NONE, FIXED]) {
      const { state, commands } = after(settings, [[0]], running(0), lost(0, 0, full));
      assert.equal(state.status, 'RESTARTING');
      assert.equal(state.restart.attempts, 0);
      assert.deepEqual(
        commands.find(({ type }) => type === 'restart-after'),
        {
          ...{ type: 'restart-after', delayMs: 0, regionIndexes: [0] },
        },
      );
    }
  });

  it('counts a lost slot as released', () => {
    const end = after(NONE, [[0]], running(0), lost(0));
    assert.equal(end.state.status, 'FAILED');
    assert.deepEqual(end.types, ['stop-region', 'end']);
    const restarting = after(FIXED, [[0]], running(0), lost(0), due(0));
    assert.deepEqual(restarting.commands, [{ type: 'deploy', regionIndex: 0, attempt: 1 }]);
  });

  it('ignores the loss of a slot that was released', () => {
    const end = after(NONE, [[0, 1]], running(0), running(1), released(0), lost(0));
    assert.equal(end.state.status, 'RUNNING');
    assert.deepEqual(end.commands, []);
  });

  it('restarts every region after a failure of the job as a whole', () => {
    const event: JobEvent = { type: 'failed', error: boom, ...world };
    const stopped = after(FIXED, [[0], [1]], running(0), running(1, 1), event);
    assert.deepEqual(stopped.types, ['stop-region', 'stop-region', 'restart-after']);
  });

  it('does not run a finished region again', () => {
    const event: JobEvent = { type: 'failed', error: boom, ...world };
    const base = [running(0), running(1, 1), released(0), event, released(1, 1), due(0, 1)];
    const restarted = after(FIXED, [[0], [1]], ...base);
    assert.deepEqual(restarted.commands, [{ type: 'deploy', regionIndex: 1, attempt: 2 }]);
  });

  it('cancels once, also between two attempts, and ends CANCELED', () => {
    const asked = after(NONE, [[0]], running(0), { type: 'cancel' });
    assert.deepEqual(asked.types, ['stop-region']);
    assert.deepEqual(decideJob(asked.state, { type: 'cancel' }).commands, []);
    assert.equal(decideJob(asked.state, released(0)).state.status, 'CANCELED');
    const waiting = after(FIXED, [[0]], running(0), failed(0), released(0), { type: 'cancel' });
    assert.equal(waiting.state.status, 'CANCELED');
    assert.deepEqual(waiting.types, ['end']);
  });

  it('ends CANCELED when a task fails, or its slot dies, while it is canceled', () => {
    const end = after(NONE, [[0]], running(0), { type: 'cancel' }, failed(0), released(0));
    assert.deepEqual([end.state.status, end.state.failure], ['CANCELED', undefined]);
    const died = after(NONE, [[0]], running(0), { type: 'cancel' }, lost(0));
    assert.deepEqual([died.state.status, died.types], ['CANCELED', ['end']]);
  });

  it('ends FAILED when the job as a whole fails while it is canceled', () => {
    const all: JobEvent = { type: 'failed', error: boom, ...world };
    const end = after(NONE, [[0]], running(0), { type: 'cancel' }, all, released(0));
    assert.equal(end.state.status, 'FAILED');
  });

  it('plans again after the delay of a restart when it could not be laid out anew', () => {
    const failedPlan: JobEvent = { type: 'replan-failed', error: boom, ...world };
    const events = [running(0), { type: 'replan' }, released(0), failedPlan] as const;
    const waiting = after(FIXED, [[0]], ...events);
    assert.deepEqual(waiting.commands, [
      { type: 'restart-after', delayMs: 1_000, regionIndexes: [] },
    ]);
    assert.deepEqual(after(FIXED, [[0]], ...events, due()).types, ['plan']);
    assert.equal(after(NONE, [[0]], ...events).state.status, 'FAILED');
    const wrong: JobEvent = { ...failedPlan, error: { ...boom, kind: 'invalid' } };
    assert.equal(after(FIXED, [[0]], ...events.slice(0, 3), wrong).state.status, 'FAILED');
    assert.deepEqual(after(FIXED, [[0]], running(0), failedPlan).commands, []);
  });

  it('lays the job out anew once everything has stopped', () => {
    const asked = after(NONE, [[0], [1]], running(0), running(1, 1), { type: 'replan' });
    assert.equal(asked.state.status, 'RESTARTING');
    const one = decideJob(asked.state, released(0));
    assert.deepEqual(one.commands, []);
    const stopped = decideJob(one.state, released(1, 1));
    assert.deepEqual(stopped.commands, [{ type: 'plan' }]);
    const planned = decideJob(stopped.state, { type: 'replanned', regions: [[0, 1, 2]] });
    assert.deepEqual(planned.commands, [{ type: 'deploy', regionIndex: 0, attempt: 2 }]);
  });

  it('suspends at once, whatever its slots do', () => {
    const end = after(NONE, [[0]], running(0), { type: 'suspend' });
    assert.equal(end.state.status, 'SUSPENDED');
    assert.deepEqual(end.types, ['stop-region', 'end']);
  });

  const HIBERNATE = { type: 'hibernate' } as const;
  const WAKE = { type: 'wake' } as const;

  it('hibernates once every slot has stopped, and wakes as a whole with a new attempt', () => {
    const falling = [running(0), running(1), HIBERNATE, released(0)] as const;
    assert.equal(after(NONE, [[0, 1]], ...falling).state.status, 'RUNNING');
    const asleep = after(NONE, [[0, 1]], ...falling, released(1));
    assert.equal(asleep.state.status, 'HIBERNATED');
    assert.deepEqual(asleep.commands, []);
    const woken = after(NONE, [[0, 1]], ...falling, released(1), WAKE);
    assert.equal(woken.state.status, 'RESTARTING');
    assert.deepEqual(woken.commands, [{ type: 'deploy', regionIndex: 0, attempt: 1 }]);
    const again = [running(0, 1), running(1, 1)] as const;
    const runs = after(NONE, [[0, 1]], ...falling, released(1), WAKE, ...again);
    assert.equal(runs.state.status, 'RUNNING');
    assert.equal(runs.state.isFallingAsleep, undefined);
  });

  it('does not deploy again, when it wakes, what had finished before it fell asleep', () => {
    const events = [running(0), running(1, 1), released(0), HIBERNATE, released(1, 1), WAKE];
    const { commands } = after(NONE, [[0], [1]], ...events);
    assert.deepEqual(commands, [{ type: 'deploy', regionIndex: 1, attempt: 2 }]);
  });

  it('restarts all of it when a slot is lost while it falls asleep', () => {
    const falling = [running(0), running(1, 1), HIBERNATE, released(0)] as const;
    const { state, commands } = after(FIXED, [[0], [1]], ...falling, lost(1, 1));
    assert.equal(state.status, 'RESTARTING');
    const regionIndexes = [1, 0];
    assert.deepEqual(commands.at(-1), { type: 'restart-after', delayMs: 1_000, regionIndexes });
    const { types } = after(FIXED, [[0], [1]], ...falling, lost(1, 1), due(0, 1));
    assert.deepEqual(types, ['deploy', 'deploy']);
  });

  it('is canceled at once while it hibernates, and fails at once for what cannot pass', () => {
    const asleep = [running(0), HIBERNATE, released(0)] as const;
    const canceled = after(NONE, [[0]], ...asleep, { type: 'cancel' });
    assert.equal(canceled.state.status, 'CANCELED');
    assert.deepEqual(canceled.types, ['end']);
    const passing = after(FIXED, [[0]], ...asleep, { type: 'failed', error: boom, ...world });
    assert.equal(passing.state.status, 'HIBERNATED');
    const wrong = { ...boom, kind: 'data' as const };
    const failing = after(FIXED, [[0]], ...asleep, { type: 'failed', error: wrong, ...world });
    assert.equal(failing.state.status, 'FAILED');
  });

  it('hears no wake-up while it runs, and does not hibernate unless it runs', () => {
    assert.deepEqual(after(NONE, [[0]], running(0), WAKE).commands, []);
    const created = after(NONE, [[0]], HIBERNATE, running(0), released(0));
    assert.equal(created.state.status, 'FINISHED');
  });

  it('goes on counting attempts where an earlier master stopped', () => {
    const from = { status: 'RECONCILING', lastAttempt: 6 } as const;
    const state = createdJob([[0]], createdRestart(NONE), from);
    const { commands } = decideJob(state, { type: 'initialized' });
    assert.deepEqual(commands, [{ type: 'deploy', regionIndex: 0, attempt: 7 }]);
  });

  it('only makes legal transitions and stays in a terminal state, whatever comes', () => {
    const seen = new Set<string>();
    const walk = (state: JobState, depth: number): void => {
      seen.add(state.status);
      const attempts = [...new Set(state.regions.map(({ attempt }) => attempt))];
      const ofSlots = attempts.flatMap((attempt) =>
        [0, 1].flatMap((slot) => [
          running(slot, attempt),
          released(slot, attempt),
          failed(slot, attempt),
          lost(slot, attempt),
        ]),
      );
      const others: JobEvent[] = [
        { type: 'initialized' },
        { type: 'failed', error: boom, ...world },
        { type: 'cancel' },
        { type: 'suspend' },
        { type: 'replan' },
        { type: 'hibernate' },
        { type: 'wake' },
        { type: 'replanned', regions: [[0], [1]] },
        due(0, 1),
      ];
      for (const event of [...ofSlots, ...others]) {
        const next = decideJob(state, event);
        seen.add(next.state.status);
        if (next.state.status !== state.status) {
          const legal = JOB_TRANSITIONS[state.status];
          // One decision may pass through a status.
          const reachable = [...legal, ...legal.flatMap((status) => JOB_TRANSITIONS[status])];
          assert.ok(
            reachable.includes(next.state.status),
            `${state.status} -> ${next.state.status} on ${event.type}`,
          );
        }
        assert.ok(!isTerminal(state.status) || next.state === state, 'terminal is terminal');
        if (depth > 1 && next.state !== state) walk(next.state, depth - 1);
      }
    };
    const settings: RestartSettings = { type: 'fixed-delay', attempts: 1, delayMs: 0 };
    for (const status of ['INITIALIZING', 'RECONCILING'] as const) {
      walk(createdJob([[0], [1]], createdRestart(settings), { status, lastAttempt: -1 }), 5);
    }
    walk(after(settings, [[0]], running(0), { type: 'hibernate' }).state, 4);
    assert.deepEqual([...seen].toSorted(), Object.keys(JOB_TRANSITIONS).toSorted());
  });
});
