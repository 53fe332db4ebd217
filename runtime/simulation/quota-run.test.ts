import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { US_EAST_1_PRICES, usdOf } from '../adapters/aws/cost/index.ts';
import { AWS_QUOTAS } from './quota-limits.ts';
import { QuotaMeter } from './quota-meter.ts';
import { runQuotas } from './quota-run.ts';

/** Ten seconds of work on a machine that has nothing else to do. */
const TIMEOUT_MS = 300_000;

const runs = new Map<number, ReturnType<typeof runQuotas>>();

function runOf(slots: number): ReturnType<typeof runQuotas> {
  const run = runs.get(slots) ?? runQuotas({ slots, cpuMs: () => 0 });
  runs.set(slots, run);
  return run;
}

describe('the coordinator, held against the quotas of AWS', () => {
  for (const slots of [10, 100, 1_000]) {
    it(`stays below all of them with ${slots} slots`, { timeout: TIMEOUT_MS }, async () => {
      const { peaks, violations, checkpoint } = await runOf(slots);
      assert.deepEqual(violations, []);
      assert.deepEqual(
        peaks.filter(({ peak, limit }) => peak > limit),
        [],
      );
      assert.ok(checkpoint.messages >= slots, 'every slot has acknowledged');
    });
  }

  it('asks about every one of them', { timeout: TIMEOUT_MS }, async () => {
    // Few slots have a record so small that nothing of it is read from S3.
    const { peaks } = await runOf(1_000);
    assert.deepEqual(peaks.map(({ quota }) => quota).sort(), Object.keys(AWS_QUOTAS).sort());
  });

  it('takes ten messages a turn once more of them wait', async () => {
    const { checkpoint } = await runOf(1_000);
    assert.ok(checkpoint.turns < checkpoint.messages / 5, `${checkpoint.turns}`);
  });

  it('pays for a checkpoint less than in proportion to its slots', async () => {
    const usd = async (slots: number): Promise<number> =>
      usdOf((await runOf(slots)).checkpoint.lines, US_EAST_1_PRICES);
    const [few, many] = [await usd(10), await usd(1_000)];
    assert.ok(many < 100 * few, `${few} ${many}`);
    assert.ok(many < 0.004, `${many}`);
  });

  it('writes records of 4.5 KB a slot at the most, and stores a tenth of that', async () => {
    for (const slots of [100, 1_000]) {
      const { recordBytes, storedRecordBytes } = (await runOf(slots)).checkpoint;
      assert.ok(recordBytes < 4_500 * slots, `${slots}: ${recordBytes}`);
      assert.ok(storedRecordBytes * 10 < recordBytes, `${slots}: ${storedRecordBytes}`);
    }
  });
});

describe('QuotaMeter', () => {
  it('finds the most within any window of a quota', () => {
    let nowMs = 0;
    const meter = new QuotaMeter(() => nowMs);
    for (const atMs of [0, 900, 950, 1_850, 5_000]) {
      nowMs = atMs;
      meter.rate('fifoCalls', 'a');
    }
    meter.rate('fifoCalls', 'b', 2);
    assert.deepEqual(
      meter.peaks.map(({ quota, peak }) => [quota, peak]),
      [['fifoCalls', 3]],
    );
  });

  it('bills what was called since it was asked last', () => {
    const meter = new QuotaMeter(() => 0);
    meter.bill('s3:PutObject', { s3WriteRequests: 1 });
    meter.bill('s3:PutObject', { s3WriteRequests: 1 });
    const [line] = meter.takeBill();
    assert.deepEqual([line?.calls, line?.units], [2, { s3WriteRequests: 2 }]);
    assert.deepEqual(meter.takeBill(), []);
  });
});
