import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WakeUps } from '../../../jobmaster/index.ts';
import { SeededRng, VirtualTime } from '../../memory/virtual-time.ts';
import { AwsCalls } from '../aws-calls.ts';
import { allWakeUps, EventWakeUps } from './event-wake-ups.ts';

const JOB_ID = '0'.repeat(32);
const WAKE_UPS: WakeUps = { arming: 40, events: '{"source":["my.app"]}' };

/** @param answers by command, in their order; an error is thrown. */
function wakeUps(answers: Readonly<Record<string, readonly unknown[]>> = {}) {
  const sent: { readonly type: string; readonly input: Record<string, unknown> }[] = [];
  const time = new VirtualTime();
  const counts = new Map<string, number>();
  const events = {
    send: async (command: { readonly input: object; readonly constructor: { name: string } }) => {
      const type = command.constructor.name.replace('Command', '');
      sent.push({ type, input: { ...command.input } });
      const count = counts.get(type) ?? 0;
      counts.set(type, count + 1);
      const answer = answers[type]?.[count] ?? {};
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const ups = new EventWakeUps({
    events: events as never,
    calls: new AwsCalls({ clock: time, timers: time, rng: new SeededRng(1) }),
    rulePrefix: 'p-w-',
    tickQueueArn: 'queue',
  });
  return { ups, sent, time, types: () => sent.map(({ type }) => type).join(' ') };
}

function refusal(name: string): Error {
  return Object.assign(new Error(name), { name });
}

describe('EventWakeUps', () => {
  it('makes a rule of job and arming that puts the wake-up into the queue of ticks', async () => {
    const { ups, sent } = wakeUps();
    await ups.arm(JOB_ID, WAKE_UPS);
    const [rule, targets] = sent;
    assert.equal(rule?.input.Name, `p-w-${JOB_ID}-14`);
    assert.equal(rule?.input.EventPattern, WAKE_UPS.events);
    assert.deepEqual([rule?.type, targets?.type], ['PutRule', 'PutTargets']);
    const [{ Arn = '', Input = '' } = {}] = (targets?.input.Targets ?? []) as Record<
      string,
      string
    >[];
    assert.equal(Arn, 'queue');
    assert.deepEqual(JSON.parse(Input), { type: 'wake', jobId: JOB_ID, arming: 40 });
  });

  it('calls nobody for a job that no event wakes', async () => {
    const { ups, sent } = wakeUps();
    await ups.arm(JOB_ID, { arming: 1, schedule: 'rate(1 hour)' });
    await ups.disarm(JOB_ID, 1, { arming: 1, schedule: 'rate(1 hour)' });
    assert.deepEqual(sent, []);
  });

  it('deletes the rule behind its target, also where nobody knows what was armed', async () => {
    for (const armed of [WAKE_UPS, undefined]) {
      const { ups, sent, types } = wakeUps();
      await ups.disarm(JOB_ID, 40, armed);
      assert.equal(types(), 'RemoveTargets DeleteRule');
      assert.deepEqual(sent[0]?.input, { Rule: `p-w-${JOB_ID}-14`, Ids: ['ticks'] });
      assert.deepEqual(sent[1]?.input, { Name: `p-w-${JOB_ID}-14` });
    }
  });

  it('takes what is gone for done', async () => {
    const gone = refusal('ResourceNotFoundException');
    const { ups, types } = wakeUps({ RemoveTargets: [gone], DeleteRule: [gone] });
    await ups.disarm(JOB_ID, 40);
    assert.equal(types(), 'RemoveTargets DeleteRule');
  });

  it('says that a job is not armed when a rule, or its target, is refused', async () => {
    const refusals: readonly Readonly<Record<string, readonly unknown[]>>[] = [
      { PutRule: [refusal('InvalidEventPatternException')] },
      { PutRule: [refusal('LimitExceededException')] },
      { PutTargets: [refusal('AccessDeniedException')] },
      { PutTargets: [{ FailedEntryCount: 1, FailedEntries: [{ ErrorCode: 'Nope' }] }] },
    ];
    for (const answers of refusals) {
      const { ups } = wakeUps(answers);
      const expected = { code: 'WAKE_UP_NOT_ARMED', kind: 'invalid' };
      await assert.rejects(ups.arm(JOB_ID, WAKE_UPS), expected);
    }
  });

  it('asks again when two change rules at once', async () => {
    const { ups, types, time } = wakeUps({
      PutRule: [refusal('ConcurrentModificationException')],
    });
    const armed = ups.arm(JOB_ID, WAKE_UPS);
    await time.settle();
    await armed;
    assert.equal(types(), 'PutRule PutRule PutTargets');
  });

  it('says what cannot be deleted or listed', async () => {
    const denied = refusal('AccessDeniedException');
    const { ups } = wakeUps({ DeleteRule: [denied], ListRules: [denied] });
    await assert.rejects(ups.disarm(JOB_ID, 1), { code: 'WAKE_UP_NOT_DISARMED' });
    await assert.rejects(ups.list(), { code: 'WAKE_UPS_NOT_LISTED' });
  });

  it('lists the rules of jobs, by page, and leaves alone what reads otherwise', async () => {
    const names = [`p-w-${JOB_ID}-14`, 'p-w-x', `q-w-${JOB_ID}-1`, `p-w-${JOB_ID}-1-2`];
    const pages = [
      { Rules: names.map((Name) => ({ Name })), NextToken: 'n' },
      { Rules: [{ Name: `p-w-${JOB_ID}-z` }] },
    ];
    const { ups, sent } = wakeUps({ ListRules: pages });
    assert.deepEqual(await ups.list(), [
      { name: `p-w-${JOB_ID}-14`, jobId: JOB_ID },
      { name: `p-w-${JOB_ID}-z`, jobId: JOB_ID },
    ]);
    assert.deepEqual(sent[1]?.input, { NamePrefix: 'p-w-', NextToken: 'n' });
  });
});

describe('allWakeUps', () => {
  it('arms by one after the other, and disarms by all', async () => {
    const heard: string[] = [];
    const part = (name: string) => ({
      arm: async () => void heard.push(`arm ${name}`),
      disarm: async () => void heard.push(`disarm ${name}`),
    });
    const all = allWakeUps([part('a'), part('b')]);
    await all.arm(JOB_ID, WAKE_UPS);
    await all.disarm(JOB_ID, 40, WAKE_UPS);
    assert.deepEqual(heard, ['arm a', 'arm b', 'disarm a', 'disarm b']);
  });
});
