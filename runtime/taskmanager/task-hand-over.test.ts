import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MIN_TIMESTAMP_MS } from '../core/index.ts';
import { createPartitioner } from '../graph/index.ts';
import type { ChannelStatusRecord, TaskHandOverRecord } from '../protocol/index.ts';
import { InputGate } from './input-gate.ts';
import { RecordWriter } from './record-writer.ts';
import { deliverOvertaken, endedChannels, resumeTask } from './task-hand-over.ts';

const OPEN: ChannelStatusRecord = {
  ...{ watermarkMs: 5, idle: false, aligned: true, ended: false },
  ...{ partitionEnded: false, overtaken: [] },
};
const IDLE = { ...OPEN, idle: true, aligned: false };
const ACTIVE_INPUT = { watermarkMs: 5, idle: false, channels: [OPEN] };
const IDLE_INPUT = { watermarkMs: 5, idle: true, channels: [IDLE] };

/** A task with these inputs and one output, and what it is told and says. */
function taskOf(inputCount: number) {
  const said: string[] = [];
  const told: string[] = [];
  const sink = {
    ...{ record: () => undefined, end: () => undefined, barrier: () => undefined },
    endOfPartition: () => undefined,
    watermark: (ms: number) => said.push(`wm${ms}`),
    idle: (idle: boolean) => said.push(`idle=${idle}`),
  };
  const partitioner = createPartitioner(
    { kind: 'FORWARD' },
    { channelCount: 1, maxParallelism: 128, rng: { next: () => 0 } },
  );
  const fail = (): Error => new Error('nothing is written');
  const failures = { choosing: fail, encoding: fail };
  const channel = { kind: 'local' as const, sink, calledMs: () => 0, canAccept: () => true };
  const writer = new RecordWriter(partitioner, [channel], failures);
  const gates = Array.from({ length: inputCount }, (_, i) => {
    const input = {
      processElement: () => undefined,
      processWatermark: (ms: number) => told.push(`${i}: wm${ms}`),
      processIdle: (idle: boolean) => told.push(`${i}: idle=${idle}`),
      endInput: () => told.push(`${i}: end`),
    };
    const events = {
      barrier: () => undefined,
      endOfPartition: () => told.push(`${i}: eop`),
      drained: () => told.push(`${i}: drained`),
    };
    return new InputGate(input, 1, events, i);
  });
  return { said, told, writer, parts: { gates, writers: [writer] } };
}

function recordOf(inputs: TaskHandOverRecord['inputs'], watermarkMs = 9): TaskHandOverRecord {
  const rest = { vertexId: 'v', subtaskIndex: 0, finished: false, noMoreSplits: false };
  return { ...rest, inputs, outputWatermarksMs: [watermarkMs] };
}

describe('resumeTask', () => {
  it('marks the outputs active unless every input is idle (I3)', () => {
    for (const [inputs, said] of [
      [[], ['idle=false']],
      [[ACTIVE_INPUT], ['idle=false']],
      [[ACTIVE_INPUT, IDLE_INPUT], ['idle=false']],
      [[IDLE_INPUT, ACTIVE_INPUT], ['idle=false']],
      [[IDLE_INPUT, IDLE_INPUT], []],
      [[IDLE_INPUT], []],
    ] as const) {
      const task = taskOf(inputs.length);
      resumeTask(task.parts, recordOf(inputs));
      assert.deepEqual(task.said, said);
    }
  });

  it('tells operators where their inputs are', () => {
    const task = taskOf(2);
    resumeTask(task.parts, recordOf([IDLE_INPUT, ACTIVE_INPUT]));
    assert.deepEqual(task.told, ['0: wm5', '0: idle=true', '1: wm5']);
  });

  it('lets no output watermark go back (I3)', () => {
    const { parts, said, writer } = taskOf(0);
    assert.equal(writer.watermarkMs, MIN_TIMESTAMP_MS);
    resumeTask(parts, recordOf([], 9));
    said.length = 0;
    for (const ms of [3, 8, 9, 10]) writer.processWatermark(ms);
    assert.deepEqual(said, ['wm9', 'wm10']);
    assert.equal(writer.watermarkMs, 10);
  });
});

describe('deliverOvertaken', () => {
  it('gives each channel what was overtaken on it, in order (I2)', () => {
    const { parts, told } = taskOf(2);
    const overtaken = [
      { type: 'watermark', watermarkMs: 7 },
      { type: 'idle', idle: true },
      { type: 'idle', idle: false },
      { type: 'end-of-partition' },
    ] as const;
    const record = recordOf([
      ACTIVE_INPUT,
      { ...ACTIVE_INPUT, channels: [{ ...OPEN, overtaken }] },
    ]);
    resumeTask(parts, record);
    told.length = 0;
    deliverOvertaken(parts.gates, record);
    assert.deepEqual(told, ['1: wm7', '1: idle=true', '1: idle=false', '1: eop']);
  });
});

describe('endedChannels', () => {
  it('counts channels over all inputs', () => {
    const gone = { ...OPEN, partitionEnded: true };
    const inputs = [
      { ...ACTIVE_INPUT, channels: [OPEN, gone] },
      { ...ACTIVE_INPUT, channels: [gone, { ...OPEN, ended: true }] },
    ];
    assert.deepEqual(endedChannels(recordOf(inputs)), [1, 2]);
  });
});
