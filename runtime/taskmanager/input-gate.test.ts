import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defined, isStreamError, MAX_WATERMARK_MS } from '../core/index.ts';
import { type GateChannel, InputGate } from './input-gate.ts';
import { barrierOf } from './slot-fixture.ts';

function gateOf(channelCount: number): { gate: InputGate; log: string[] } {
  const log: string[] = [];
  const gate = new InputGate(
    {
      processElement: (value, timestampMs, keyGroup) =>
        log.push(`${String(value)}@${timestampMs}#${keyGroup}`),
      processWatermark: (watermarkMs) => log.push(`wm${watermarkMs}`),
      processIdle: (idle) => log.push(`idle=${idle}`),
      endInput: () => log.push('end'),
    },
    channelCount,
    {
      barrier: (index, { checkpointId }, ended) =>
        log.push(`barrier${checkpointId} on ${index} ended=${ended}`),
      endOfPartition: (index) => log.push(`end of partition ${index}`),
      drained: () => log.push('drained'),
    },
    5,
  );
  return { gate, log };
}

function channel(gate: InputGate, index: number): GateChannel {
  return defined(gate.channels[index], 'the channel exists');
}

describe('InputGate', () => {
  it('hands records on with timestamp and key group, counting them', () => {
    const { gate, log } = gateOf(2);
    channel(gate, 0).record('a', 1, 42);
    channel(gate, 1).record('b', 2, -1);
    assert.deepEqual(log, ['a@1#42', 'b@2#-1']);
    assert.equal(gate.numRecords, 2);
  });

  it('combines watermarks to the lowest channel', () => {
    const { gate, log } = gateOf(2);
    channel(gate, 0).watermark(10);
    assert.deepEqual(log, []);
    channel(gate, 1).watermark(5);
    assert.deepEqual(log, ['wm5']);
    assert.equal(gate.watermarkMs, 5);
  });

  it('tells that a channel has ended for a stop that drains', () => {
    const { gate, log } = gateOf(2);
    channel(gate, 0).end();
    assert.deepEqual(log, []);
    channel(gate, 1).end(true);
    assert.equal(log[0], 'drained');
    assert.equal(gate.ended, true);
  });

  it('lets an ended channel hold nobody back, and is ended when all are', () => {
    const { gate, log } = gateOf(2);
    channel(gate, 0).end();
    assert.equal(gate.ended, false);
    channel(gate, 1).watermark(5);
    assert.deepEqual(log, ['wm5']);
    channel(gate, 1).end();
    assert.equal(gate.ended, true);
    assert.equal(gate.watermarkMs, MAX_WATERMARK_MS);
    assert.equal(log.includes('end'), false);
    gate.deliverEnd();
    assert.equal(log.at(-1), 'end');
  });

  it('tells the task of barriers and ends of partition, channels counted over all gates', () => {
    const { gate, log } = gateOf(2);
    const barrier = barrierOf(3);
    channel(gate, 1).barrier(barrier);
    channel(gate, 1).end();
    channel(gate, 1).barrier(barrier);
    channel(gate, 1).endOfPartition();
    assert.deepEqual(log, [
      'barrier3 on 6 ended=false',
      'barrier3 on 6 ended=true',
      'end of partition 6',
    ]);
  });

  it('refuses a channel that ends twice', () => {
    const { gate } = gateOf(1);
    channel(gate, 0).end();
    assert.throws(
      () => channel(gate, 0).end(),
      (error) => isStreamError(error) && error.code === 'ASSERTION',
    );
  });

  it('goes on, resumed, where the one before it was (I3)', () => {
    const before = gateOf(3);
    channel(before.gate, 0).watermark(5);
    channel(before.gate, 1).watermark(7);
    channel(before.gate, 2).end();
    channel(before.gate, 0).idle(true);
    const { status } = before.gate;
    assert.deepEqual(
      status.channels.map(({ ended, idle }) => [ended, idle]),
      [
        [false, true],
        [false, false],
        [true, false],
      ],
    );
    const after = gateOf(3);
    after.gate.resume({
      ...status,
      channels: status.channels.map((c) => ({ ...c, partitionEnded: c.ended, overtaken: [] })),
    });
    assert.deepEqual(after.log, ['wm7']);
    assert.equal(after.gate.watermarkMs, 7);
    assert.equal(after.gate.ended, false);
    assert.deepEqual(after.gate.status, status);
    const { gate, log } = gateOf(3);
    gate.resume({
      ...status,
      channels: status.channels.map((c) => ({ ...c, partitionEnded: c.ended, overtaken: [] })),
    });
    channel(gate, 1).end();
    assert.equal(gate.ended, false);
    channel(gate, 0).end();
    assert.equal(gate.ended, true);
    assert.equal(log.at(-1), `wm${MAX_WATERMARK_MS}`);
    channel(gate, 2).barrier(barrierOf(4));
    assert.equal(log.at(-1), 'barrier4 on 7 ended=true');
  });
});
