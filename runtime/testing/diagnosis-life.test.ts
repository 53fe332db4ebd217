/** Jobs that do not come up, fail, or are being stopped: the diagnosis says so, and no more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { diagnoseAt } from './diagnosis-run.ts';
import { startJob } from './run-job.ts';

function numbers(env: StreamExecutionEnvironment, ratePerSecond = 100) {
  const source = generatorSource({ generate: (n) => ({ k: n % 8, n }), ratePerSecond });
  return env.fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers');
}

describe('a diagnosis of a job that comes up, or goes', () => {
  const opening = (env: StreamExecutionEnvironment) => {
    numbers(env)
      .map((one) => one)
      .map({ open: () => new Promise<void>(() => undefined), map: (one: object) => one })
      .name('Lookup')
      .print();
  };

  it('names the operator whose open() does not return', async () => {
    const diagnosis = await diagnoseAt(opening, {
      atMs: 64_000,
      configuration: { 'task.cancellation.timeout': '1 s' },
    });
    assert.equal(diagnosis.status, 'CREATED');
    const [finding] = diagnosis.findings;
    assert.equal(finding?.code, 'DEPLOYMENT_HANGS');
    assert.match(finding.sentence, /^open\(\) of "Lookup" has not returned for 1 min 4 s/);
    assert.equal(finding.operator, 'Lookup');
    assert.equal(diagnosis.verdict, 'blocked');
  });

  it('accuses nobody when such a job was canceled', async () => {
    const { master, outcome, time } = await startJob(opening);
    time.schedule(1000, () => master.cancel());
    await outcome;
    const { summary, findings } = master.diagnosis();
    assert.equal(summary, 'The job was canceled before all its tasks ran.');
    assert.deepEqual(findings, []);
  });
});

describe('a diagnosis of a job that fails', () => {
  it('names the error that makes it start again and again', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env)
          .map((one) => {
            if (one.n === 150) throw new Error('price is missing');
            return one;
          })
          .name('Parse')
          .print();
      },
      {
        atMs: 20_000,
        configuration: {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.attempts': 1000,
          'restart-strategy.fixed-delay.delay': '1 s',
        },
      },
    );
    const [finding] = diagnosis.findings;
    assert.equal(finding?.code, 'RESTART_LOOP');
    assert.match(finding.sentence, /price is missing/);
    assert.equal(diagnosis.findings.length, 1);
    assert.ok(Number(finding.evidence.failures) >= 3);
    assert.equal(diagnosis.verdict, 'blocked');
  });

  it('says what a job failed of', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env)
          .map(() => {
            throw new Error('price is missing');
          })
          .print();
      },
      { configuration: { 'restart-strategy.type': 'none' } },
    );
    assert.deepEqual(
      diagnosis.findings.map(({ code }) => code),
      ['JOB_FAILED'],
    );
    assert.equal(diagnosis.verdict, 'ended');
    assert.match(diagnosis.summary, /^The job has failed: .*price is missing/);
  });
});
