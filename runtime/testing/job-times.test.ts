/** When a job was in which state: noted as it comes, not made up when somebody asks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { startJob } from './run-job.ts';

describe('the times of a job', () => {
  it('are those of its states: it ran, failed once, waited, and ran again', async () => {
    let left = 1;
    const { master, outcome, time } = await startJob(
      (env) => {
        const numbers = generatorSource({ generate: (n) => n, ratePerSecond: 10 });
        env
          .fromSource(numbers, WatermarkStrategy.noWatermarks(), 'numbers')
          .map((n) => {
            if (n === 20 && left > 0) {
              left -= 1;
              throw new Error('once');
            }
            return n;
          })
          .print();
      },
      {
        configuration: {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.delay': '3 s',
        },
      },
    );
    const beganMs = time.nowEpochMs();
    time.schedule(20_000, () => master.cancel());
    await outcome;
    const { RESTARTING = 0, RUNNING = 0, CANCELLING = 0, FAILING } = master.times;
    assert.ok(RESTARTING >= beganMs + 2000, String(RESTARTING));
    assert.ok(RUNNING >= RESTARTING + 3000 && RUNNING < RESTARTING + 4000, String(RUNNING));
    assert.equal(CANCELLING, beganMs + 20_000);
    assert.equal(FAILING, undefined);
  });
});
