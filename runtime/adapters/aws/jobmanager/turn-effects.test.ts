import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryRowStore } from '../../memory/memory-row-store.ts';
import { type EffectJob, TurnEffects } from './turn-effects.ts';

const JOB_ID = '0'.repeat(31).concat('7');
const JOB: EffectJob = {
  jobId: JOB_ID,
  launchOf: () => Promise.reject(new Error('nothing is launched')),
  prepareInboxes: () => Promise.reject(new Error('nothing is launched')),
};

function effects(): { readonly effects: TurnEffects; readonly said: unknown[] } {
  const said: unknown[] = [];
  const say =
    (what: string) =>
    async (...args: readonly unknown[]): Promise<void> =>
      void said.push([what, ...args]);
  const clock = { nowEpochMs: () => 0, monotonicMs: () => 0 };
  return {
    said,
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
      wakeUps: { arm: say('arm'), disarm: say('disarm') },
      logger: { log: () => undefined },
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
});
