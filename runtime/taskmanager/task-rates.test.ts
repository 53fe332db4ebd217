import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { RateWindow } from './task-rates.ts';

function report(numRecordsIn: number, busyTimeMs = 0): TaskMetricsRecord {
  return {
    ...{ vertexId: 'v', subtaskIndex: 0, numRecordsIn, numRecordsOut: 0 },
    ...{ numBytesIn: 0, numBytesOut: 0, numRecordsFallback: 0, maxPendingBytes: 0 },
    ...{ currentInputWatermarkMs: 0, busyTimeMs, backPressuredTimeMs: 0, idleTimeMs: 0 },
    operatorMetrics: {},
  };
}

describe('RateWindow', () => {
  it('knows nothing of the first report', () => {
    assert.equal(new RateWindow().take(report(5), 1000), undefined);
  });

  it('says what a second’s share of each counter is', () => {
    const window = new RateWindow();
    window.take(report(100, 0), 0);
    const rates = window.take(report(1100, 1500), 2000);
    assert.equal(rates?.numRecordsInPerSecond, 500);
    assert.equal(rates?.busyTimeMsPerSecond, 750);
    assert.equal(rates?.numRecordsOutPerSecond, 0);
  });

  it('says what each operator took and gave meanwhile, as far as that is counted', () => {
    const window = new RateWindow();
    const at = (count: number, side: number): TaskMetricsRecord => ({
      ...report(count),
      operators: [
        { operatorId: 'a', numRecordsIn: count, numRecordsOut: 2 * count, numRecordsSide: side },
        { operatorId: 'b', numRecordsOut: count },
      ],
    });
    window.take(at(100, 0), 0);
    window.take(at(110, 0), 1000);
    const { spanMs, numRecordsIn, numRecordsOut, numRecordsSide } = window.recent ?? {};
    assert.deepEqual([spanMs, numRecordsIn, numRecordsOut], [1000, [10, null], [20, 10]]);
    assert.equal(numRecordsSide, undefined);
    window.take(at(110, 7), 2000);
    assert.deepEqual(window.recent?.numRecordsSide, [7, 0]);
  });

  it('forgets what is older than ten seconds', () => {
    const window = new RateWindow();
    for (let second = 0; second <= 60; second += 1) window.take(report(second * 10), second * 1000);
    // Nothing comes any more.
    for (let second = 61; second < 70; second += 1) window.take(report(600), second * 1000);
    assert.equal(window.take(report(600), 70_000)?.numRecordsInPerSecond, 0);
    assert.equal(window.take(report(650), 71_000)?.numRecordsInPerSecond, 5);
  });

  it('compares with the last report when they come seldom', () => {
    const window = new RateWindow();
    window.take(report(0), 0);
    window.take(report(0), 60_000);
    assert.equal(window.take(report(600), 120_000)?.numRecordsInPerSecond, 10);
  });

  it('does not divide by next to nothing', () => {
    const window = new RateWindow();
    window.take(report(0), 1000);
    assert.equal(window.take(report(1000), 1001), undefined);
    assert.equal(window.take(report(1000), 2000)?.numRecordsInPerSecond, 1000);
  });
});
