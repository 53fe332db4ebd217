import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CreateScheduleCommand, DeleteScheduleCommand } from '@aws-sdk/client-scheduler';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { SchedulerWakeUps } from './scheduler-wake-ups.ts';

const JOB_ID = '0'.repeat(32);

function wakeUps(refusal?: string) {
  const sent: { readonly type: string; readonly input: Record<string, unknown> }[] = [];
  const time = new VirtualTime();
  const scheduler = {
    send: async (command: { readonly input: object }) => {
      const type = command instanceof CreateScheduleCommand ? 'create' : 'delete';
      assert.ok(type === 'create' || command instanceof DeleteScheduleCommand);
      sent.push({ type, input: { ...command.input } });
      if (refusal !== undefined) throw Object.assign(new Error(refusal), { name: refusal });
      return {};
    },
  };
  const ups = new SchedulerWakeUps({
    scheduler: scheduler as never,
    calls: new AwsCalls({ clock: time, timers: time, rng: new SeededRng(1) }),
    groupName: 'p-wake',
    roleArn: 'role',
    tickQueueArn: 'queue',
  });
  return { ups, sent };
}

describe('SchedulerWakeUps', () => {
  it('makes one schedule for a time, which deletes itself, and one that recurs', async () => {
    const { ups, sent } = wakeUps();
    const atEpochMs = Date.UTC(2026, 0, 2, 3, 4, 5, 1);
    await ups.arm(JOB_ID, { arming: 3, atEpochMs, schedule: 'rate(1 hour)' });
    assert.deepEqual(
      sent.map(({ input }) => [input.Name, input.ScheduleExpression, input.ActionAfterCompletion]),
      [
        // Never too early.
        [`${JOB_ID}-3-at`, 'at(2026-01-02T03:04:06)', 'DELETE'],
        [`${JOB_ID}-3-schedule`, 'rate(1 hour)', undefined],
      ],
    );
    const { GroupName, Target } = sent[0]?.input ?? {};
    const { Arn, RoleArn, Input } = Target as Record<string, string>;
    assert.deepEqual([GroupName, Arn, RoleArn], ['p-wake', 'queue', 'role']);
    assert.deepEqual(JSON.parse(Input ?? ''), { type: 'wake', jobId: JOB_ID, arming: 3 });
  });

  it('deletes those of one arming, and takes what is there or gone for done', async () => {
    const { ups, sent } = wakeUps('ResourceNotFoundException');
    await ups.disarm(JOB_ID, 3);
    const names = sent.map(({ input }) => input.Name).toSorted();
    const others = [1, 2, 3, 4].map((n) => `${JOB_ID}-3-schedule-${n}`);
    assert.deepEqual(names, [`${JOB_ID}-3-at`, `${JOB_ID}-3-schedule`, ...others]);
    const there = wakeUps('ConflictException');
    await there.ups.arm(JOB_ID, { arming: 3, schedule: 'rate(1 hour)' });
    assert.equal(there.sent.length, 1);
  });

  it('makes a schedule for each that a source offers, and deletes what it has made', async () => {
    const { ups, sent } = wakeUps();
    const armed = { arming: 3, schedule: 'rate(1 day)', schedules: ['rate(1 hour)'] };
    await ups.arm(JOB_ID, armed);
    await ups.disarm(JOB_ID, 3, armed);
    const names = [`${JOB_ID}-3-schedule`, `${JOB_ID}-3-schedule-1`];
    assert.deepEqual(
      sent.map(({ type, input }) => `${type} ${input.Name}`),
      [...names.map((name) => `create ${name}`), ...names.map((name) => `delete ${name}`)],
    );
    await ups.disarm(JOB_ID, 4, { arming: 4, events: '{}' });
    assert.equal(sent.length, 4);
  });

  it('says what it may not, or cannot do', async () => {
    const { ups } = wakeUps('ValidationException');
    await assert.rejects(ups.arm(JOB_ID, { arming: 1, schedule: 'cron(x)' }), {
      code: 'WAKE_UP_NOT_ARMED',
      kind: 'invalid',
    });
    await assert.rejects(ups.disarm(JOB_ID, 1), { code: 'WAKE_UP_NOT_DISARMED' });
  });
});
