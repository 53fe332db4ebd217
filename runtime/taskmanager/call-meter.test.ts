import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InputGate } from './input-gate.ts';

/** A call for each of these, in milliseconds; what the meter says, and the gate. */
function metered(callsMs: readonly number[]) {
  let nowMs = 0;
  const clock = { nowEpochMs: () => nowMs, monotonicMs: () => nowMs };
  const calls = [...callsMs];
  const pass = () => {
    nowMs += calls.shift() ?? 0;
  };
  const input = {
    ...{ processElement: pass, processWatermark: pass },
    ...{ processIdle: () => undefined, endInput: () => undefined },
  };
  const events = {
    ...{ barrier: () => undefined, endOfPartition: () => undefined, drained: () => undefined },
  };
  const gate = new InputGate(input, 1, events, 0);
  const [channel] = gate.channels;
  assert.ok(channel !== undefined);
  channel.meterCalls(clock);
  return { sink: channel, gate };
}

describe('CallMeter', () => {
  it('tells the time of slow calls to the millisecond', () => {
    const callsMs = Array.from({ length: 100 }, (_, i) => 1 + (i % 7));
    const { sink, gate } = metered(callsMs);
    for (const _ of callsMs) sink.record('x', 0, -1);
    assert.equal(
      sink.calledMs,
      callsMs.reduce((a, b) => a + b),
    );
    assert.equal(gate.calledMs, sink.calledMs);
    assert.equal(gate.numRecords, 100);
  });

  it('finds the slow ones among many that take no time, about', () => {
    const callsMs = Array.from({ length: 60_000 }, (_, i) => (i % 10 === 3 ? 2 : 0));
    const { sink } = metered(callsMs);
    for (const _ of callsMs) sink.record('x', 0, -1);
    const ratio = sink.calledMs / 12_000;
    assert.ok(ratio > 0.7 && ratio < 1.3, String(ratio));
  });

  it('counts what a watermark sets off', () => {
    const { sink } = metered([40]);
    sink.watermark(5);
    assert.equal(sink.calledMs, 40);
  });
});
