/** When a job was in which state: noted as it comes, not made up when somebody asks. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generatorSource } from '../connectors/index.ts';
import type { JobMaster } from '../jobmaster/index.ts';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { startJob } from './run-job.ts';

function metricsOf(master: JobMaster): readonly TaskMetricsRecord[] {
  const subtasks = master.executions().flatMap((vertex) => vertex.subtasks);
  return subtasks.flatMap(({ metrics }) => metrics ?? []);
}

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
        metricsIntervalMs: 500,
        configuration: {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.delay': '3 s',
        },
      },
    );
    const beganMs = time.nowEpochMs();
    let ratesBefore = 0;
    time.schedule(20_000, () => {
      ratesBefore = metricsOf(master).filter(({ rates }) => rates !== undefined).length;
      master.cancel();
    });
    await outcome;
    const { RESTARTING = 0, RUNNING = 0, CANCELLING = 0, FAILING } = master.times;
    assert.ok(RESTARTING >= beganMs + 2000, String(RESTARTING));
    assert.ok(RUNNING >= RESTARTING + 3000 && RUNNING < RESTARTING + 4000, String(RUNNING));
    assert.equal(CANCELLING, beganMs + 20_000);
    assert.equal(FAILING, undefined);
    // Nothing of what has ended is so much a second.
    const after = metricsOf(master);
    assert.deepEqual([ratesBefore, after.length], [1, 1]);
    assert.equal(after[0]?.rates, undefined);
    assert.ok((after[0]?.numRecordsIn ?? 0) > 20);
  });
});
