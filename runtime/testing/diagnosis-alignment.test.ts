/** Jobs whose sources wait for each other: the diagnosis names who waits, and for whom. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobFunction } from '../api/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  diagnoseAt,
  findingOf,
  type Partition,
  type PartitionRecord,
  partitions,
} from './diagnosis-run.ts';

const STRATEGY = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();
const ALIGNED = STRATEGY.withWatermarkAlignment('both', '1 s', '100 ms');

/** Two sources, each with its own partition, in one output. */
function job(slow: Omit<Partition, 'id'>, strategy = ALIGNED): JobFunction {
  return (env) => {
    env.setParallelism(1);
    // Ten seconds of event time each second.
    const timestampOf = (atMs: number): number => atMs * 10;
    const all = [{ id: 'f', everyMs: 10, timestampOf }];
    const fast = env.fromSource(partitions(all), strategy, 'fast');
    fast.union(env.fromSource(partitions([{ id: 's', ...slow }]), strategy, 'slow')).print();
  };
}

describe('a diagnosis of sources that are aligned', () => {
  it('names the source that waits and the one that has stopped', async () => {
    const diagnosis = await diagnoseAt(job({ everyMs: 100, untilMs: 5000 }), { atMs: 60_000 });
    const finding = findingOf(diagnosis, 'WAITS_FOR_ALIGNMENT');
    assert.equal(diagnosis.findings[0], finding);
    assert.equal(finding.severity, 'error');
    assert.equal(finding.operator, 'Source: fast');
    assert.match(
      finding.sentence,
      /"Source: fast" waits for its .* group "both": "Source: slow" holds the group back at .*1 s/,
    );
    assert.match(finding.advice, /why "Source: slow" does not go on.*withIdleness/);
    assert.equal(finding.evidence.holder, 'Source: slow');
    assert.ok(Number(finding.evidence.watermarkMs) > Number(finding.evidence.maxWatermarkMs));
    const codes = diagnosis.findings.map(({ code, operator }) => `${code} ${operator}`);
    assert.ok(!codes.includes('SOURCE_READS_NOTHING Source: fast'), codes.join());
  });

  it('calls it as it should be while the slow one goes on', async () => {
    const diagnosis = await diagnoseAt(job({ everyMs: 100 }), { atMs: 30_000 });
    const finding = findingOf(diagnosis, 'WAITS_FOR_ALIGNMENT');
    assert.equal(finding.severity, 'info');
    assert.match(finding.advice, /Nothing need be done/);
    assert.equal(diagnosis.verdict, 'healthy');
  });

  it('says nothing of sources that wait for nobody', async () => {
    for (const [slow, strategy] of [
      [{ everyMs: 100, timestampOf: (atMs: number) => atMs * 10 }, ALIGNED],
      [{ everyMs: 100 }, STRATEGY],
    ] as const) {
      const { findings } = await diagnoseAt(job(slow, strategy), { atMs: 30_000 });
      assert.deepEqual(
        findings.filter(({ code }) => code === 'WAITS_FOR_ALIGNMENT'),
        [],
      );
    }
  });
});
