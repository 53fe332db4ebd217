import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AWAKE,
  decideHibernation,
  type HibernatingJob,
  type HibernationCommand,
  type HibernationEvent,
  type HibernationState,
} from './hibernation.ts';

const AFTER_MS = 60_000;
const NOW = 1_000_000;

class Job {
  state: HibernationState = AWAKE;
  /** Of the last event. */
  commands: readonly HibernationCommand[] = [];
  job: HibernatingJob = {
    nowEpochMs: NOW,
    status: 'RUNNING',
    mayCheckpoint: true,
    slotIndexes: [0, 1],
  };
  readonly #wakeSchedule: string | undefined;

  constructor(wakeSchedule?: string) {
    this.#wakeSchedule = wakeSchedule;
  }

  on(...events: HibernationEvent[]): this {
    const schedule = this.#wakeSchedule;
    const settings = {
      afterMs: AFTER_MS,
      ...(schedule === undefined ? {} : { wakeSchedule: schedule }),
    };
    for (const event of events) {
      const decision = decideHibernation(settings, this.state, event, this.job);
      this.state = JSON.parse(JSON.stringify(decision.state)) as HibernationState;
      this.commands = decision.commands;
    }
    return this;
  }

  is(change: Partial<HibernatingJob>): this {
    this.job = { ...this.job, ...change };
    return this.on({ type: 'look' });
  }

  get types(): readonly string[] {
    return this.commands.map(({ type }) => type);
  }
}

function idleIn(round: number): readonly HibernationEvent[] {
  return [
    { type: 'slot-idle', slotIndex: 0, round },
    { type: 'slot-idle', slotIndex: 1, round },
  ];
}

const IDLE = idleIn(0);
const TURN = { type: 'turn' } as const;
const WAKE = { type: 'wake' } as const;

function fallen(): Job {
  return new Job().on(...IDLE, TURN, ...idleIn(1));
}

function asleep(): Job {
  return fallen().is({ status: 'HIBERNATED', slotIndexes: [] });
}

describe('decideHibernation: falling asleep', () => {
  it('arms what wakes the job once every slot is idle, and not before', () => {
    const job = new Job('rate(1 hour)').on(...IDLE.slice(0, 1));
    assert.deepEqual(job.types, []);
    job.on(...IDLE.slice(1));
    const wakeUps = { arming: 1, schedule: 'rate(1 hour)' };
    assert.deepEqual(job.commands, [{ type: 'arm', wakeUps }]);
  });

  it('rouses the slots when what wakes the job is armed, and believes them then', () => {
    const job = new Job().on(...IDLE, { type: 'look' });
    assert.deepEqual(job.types, []);
    assert.equal(job.state.phase, 'ARMED');
    assert.deepEqual(job.on(TURN).commands, [{ type: 'rouse', round: 1 }]);
    // I5.
    assert.deepEqual(job.on(...IDLE).types, []);
    assert.deepEqual(job.on(...idleIn(1)).types, ['suspend']);
    assert.equal(job.state.phase, 'FALLING');
  });

  it('sleeps until the first time at which a slot has something to do', () => {
    const job = new Job().on(
      { type: 'slot-idle', slotIndex: 0, round: 0, wakeAtEpochMs: NOW + 900_000 },
      { type: 'slot-idle', slotIndex: 1, round: 0, wakeAtEpochMs: NOW + 600_000 },
    );
    const wakeUps = { arming: 1, atEpochMs: NOW + 600_000 };
    assert.deepEqual(job.commands, [{ type: 'arm', wakeUps }]);
  });

  it('does not sleep for less time than it has to be idle before', () => {
    const wakeAtEpochMs = NOW + AFTER_MS - 1;
    const soon = { type: 'slot-idle', slotIndex: 1, round: 0, wakeAtEpochMs } as const;
    const job = new Job().on(...IDLE.slice(0, 1), soon);
    assert.deepEqual(job.types, []);
    assert.equal(job.state.phase, 'AWAKE');
  });

  it('does not begin unless the job runs and could take a checkpoint', () => {
    for (const change of [
      { status: 'RESTARTING' },
      { mayCheckpoint: false },
      { slotIndexes: [0, 1, 2] },
      { slotIndexes: [] },
    ]) {
      const job = new Job();
      job.is(change).on(...IDLE);
      assert.deepEqual(job.types, [], JSON.stringify(change));
    }
  });

  it('counts on the slots of this attempt alone', () => {
    const job = new Job().on(...IDLE.slice(0, 1), { type: 'deployed' }, ...IDLE.slice(1));
    assert.deepEqual(job.types, []);
  });

  it('disarms, and lets slots look again, when one is busy or somebody wants the job', () => {
    for (const event of [{ type: 'slot-busy', slotIndex: 1 } as const, WAKE]) {
      const job = new Job().on(...IDLE, event);
      assert.deepEqual(job.commands, [
        { type: 'disarm', arming: 1 },
        { type: 'rouse', round: 1 },
      ]);
      assert.deepEqual(job.on(...IDLE).types, []);
      job.on(...idleIn(1));
      assert.deepEqual(job.commands, [{ type: 'arm', wakeUps: { arming: 2 } }]);
    }
  });

  it('disarms when it is due at another time than it is armed for', () => {
    const job = new Job().on(...IDLE, TURN, ...idleIn(1).slice(1));
    job.on({ type: 'slot-idle', slotIndex: 0, round: 1, wakeAtEpochMs: NOW + 900_000 });
    assert.deepEqual(job.types, ['disarm', 'rouse']);
  });

  it('goes on, and tries again later, when there is no checkpoint', () => {
    const job = fallen().on({ type: 'not-suspended' });
    assert.equal(job.state.phase, 'AWAKE');
    assert.deepEqual(job.types, ['disarm', 'rouse']);
  });

  it('is given up with the attempt', () => {
    const job = fallen().is({ status: 'RESTARTING' });
    assert.deepEqual(job.types, ['disarm']);
    assert.equal(job.state.phase, 'AWAKE');
  });
});

describe('decideHibernation: waking', () => {
  it('wakes for whatever comes, with what has woken it disarmed', () => {
    const job = asleep();
    assert.equal(job.state.phase, 'ASLEEP');
    assert.equal(job.state.sinceEpochMs, NOW);
    assert.deepEqual(job.on(WAKE).commands, [{ type: 'disarm', arming: 1 }, { type: 'wake' }]);
    assert.equal(job.state.phase, 'AWAKE');
    assert.deepEqual(job.state.idle, []);
  });

  it('wakes as soon as it sleeps when it was wanted while it fell asleep', () => {
    const job = fallen().on(WAKE);
    assert.deepEqual(job.types, []);
    job.is({ status: 'HIBERNATED', slotIndexes: [] });
    assert.deepEqual(job.types, ['disarm', 'wake']);
  });

  it('is woken once: the second that comes finds it awake', () => {
    const job = asleep().on(WAKE);
    job.is({ status: 'RESTARTING' }).on(WAKE);
    assert.deepEqual(job.types, []);
  });

  it('disarms when the job ends in its sleep', () => {
    assert.deepEqual(asleep().is({ status: 'CANCELED' }).commands, [{ type: 'disarm', arming: 1 }]);
  });

  it('numbers its armings, over sleeps', () => {
    const job = asleep().on(WAKE);
    job.is({ status: 'RUNNING', slotIndexes: [0, 1] }).on(...IDLE);
    assert.deepEqual(job.commands, [{ type: 'arm', wakeUps: { arming: 2 } }]);
  });
});
