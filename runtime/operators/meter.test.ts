import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetricRegistry } from './metric-registry.ts';

function meterAt(startMs: number) {
  const time = { nowMs: startMs };
  const registry = new MetricRegistry({ monotonicMs: () => time.nowMs });
  return { time, registry, meter: registry.meter('events') };
}

describe('a meter', () => {
  it('gives events a second since it began, then of the last minute', () => {
    const { time, meter } = meterAt(5400);
    assert.equal(meter.rate(), 0);
    meter.markEvent(10);
    time.nowMs = 6000;
    assert.equal(meter.rate(), 10);
    time.nowMs = 9000;
    assert.equal(meter.rate(), 2.5);
    meter.markEvent(50);
    time.nowMs = 64_000;
    assert.equal(meter.rate(), 60 / 59);
    time.nowMs = 66_000;
    assert.equal(meter.rate(), 50 / 60);
    time.nowMs = 70_000;
    assert.equal(meter.rate(), 0);
    assert.equal(meter.count(), 60);
  });

  it('forgets a minute in which nobody looked', () => {
    const { time, meter } = meterAt(0);
    for (let second = 0; second < 60; second += 1) {
      time.nowMs = second * 1000;
      meter.markEvent(7);
    }
    time.nowMs = 60_000;
    assert.equal(meter.rate(), 7);
    time.nowMs = 1_000_000;
    meter.markEvent(6);
    time.nowMs = 1_001_000;
    assert.equal(meter.rate(), 0.1);
  });

  it('is shown as its rate, under its name, and is the same each time', () => {
    const { time, registry, meter } = meterAt(0);
    registry.meter('events').markEvent();
    meter.markEvent();
    time.nowMs = 1000;
    assert.deepEqual(registry.read(), { events: 2 });
    assert.throws(() => registry.counter('events'), { code: 'METRIC_NAME_CLASH' });
  });
});
