import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import { type EffectJob, TurnEffects } from './turn-effects.ts';

const JOB_ID = '0'.repeat(31).concat('7');
const JOB: EffectJob = {
  jobId: JOB_ID,
  launchOf: () => Promise.reject(new Error('nothing is launched')),
  prepareInboxes: () => Promise.reject(new Error('nothing is launched')),
};

/** @param refusal of all that wakes jobs. */
function effects(refusal?: StreamError): {
  readonly effects: TurnEffects;
  readonly said: unknown[];
  readonly logged: string[];
} {
  const said: unknown[] = [];
  const logged: string[] = [];
  const refuse = (): Promise<void> => Promise.reject(refusal);
  const say =
    (what: string) =>
    async (...args: readonly unknown[]): Promise<void> =>
      void said.push([what, ...args]);
  const clock = { nowEpochMs: () => 0, monotonicMs: () => 0 };
  return {
    ...{ said, logged },
    effects: new TurnEffects({
      ...{ rows: new MemoryRowStore(), clock, taskSlots: 1 },
      commands: { sendCommands: say('commands') },
      attempts: { writeAttempt: say('attempt') },
      machines: {
        ...{ succeed: say('succeed'), fail: say('fail'), start: say('start') },
        stop: async (name, code) => void said.push(['stop', name, code]),
      },
      queues: {
        send: say('send'),
        tick: say('tick'),
        bury: say('bury'),
        hide: say('hide'),
        done: say('done'),
      },
      wakeUps:
        refusal === undefined
          ? { arm: say('arm'), disarm: say('disarm') }
          : { arm: refuse, disarm: refuse },
      logger: { log: (level, message) => void logged.push(`${level} ${message}`) },
    }),
  };
}

describe('TurnEffects', () => {
  it('starts the execution that goes on before it ends the one that does not', async () => {
    const stuck = effects();
    await stuck.effects.send(JOB, [{ type: 'replace', continuation: 3, isStuck: true }]);
    assert.deepEqual(stuck.said, [
      ['start', `${JOB_ID}-3`, { jobId: JOB_ID, continuation: 3 }],
      ['stop', `${JOB_ID}-2`, 'TASK_MANAGER_STUCK'],
    ]);
    const silent = effects();
    await silent.effects.send(JOB, [{ type: 'replace', continuation: 1, isStuck: false }]);
    assert.deepEqual(silent.said.at(-1), ['stop', `${JOB_ID}-0`, 'EXECUTION_SILENT']);
  });

  it('tells a job to stay awake whose wake-ups are refused, and goes on', async () => {
    const refusal = new StreamError({ kind: 'invalid', code: 'WAKE_UP_NOT_ARMED', message: 'no' });
    const { effects: refused, said, logged } = effects(refusal);
    const wakeUps = { arming: 3, events: '{"source":["a"]}' };
    await refused.send(JOB, [
      { type: 'disarm', arming: 2 },
      { type: 'arm', wakeUps },
    ]);
    assert.deepEqual(said, [['send', { type: 'wake', jobId: JOB_ID }, `stay-awake-${JOB_ID}-3`]]);
    assert.deepEqual(logged, [
      'error a job cannot hibernate: nothing would wake it',
      'error what woke a job may be left behind',
    ]);
  });

  it('arms and disarms again what a service did not answer', async () => {
    const refusal = new StreamError({ kind: 'unavailable', code: 'DOWN', message: 'down' });
    const { effects: unanswered } = effects(refusal);
    for (const effect of [
      { type: 'disarm', arming: 2 },
      { type: 'arm', wakeUps: { arming: 3 } },
    ] as const) {
      await assert.rejects(unanswered.send(JOB, [effect]), { code: 'DOWN' });
    }
  });
});
