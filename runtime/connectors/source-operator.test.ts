import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import type { ReaderOutput, Source, SourceReader } from './source.ts';
import { sourceOperator } from './source-operator.ts';

type Act = (output: ReaderOutput<number>) => 'more' | 'nothing' | 'end';

/** A source whose reader does one thing a poll, and then ends. */
function scripted(...script: readonly Act[]): Source<number, never, null> {
  return {
    name: 'scripted',
    boundedness: 'BOUNDED',
    createEnumerator: () => assert.fail('the enumerator runs elsewhere'),
    createReader: (ctx): SourceReader<number, never> => {
      let next = 0;
      return {
        start: () => ctx.sendToEnumerator({ type: 'request-split' }),
        pollNext: (output) => script[next++]?.(output) ?? 'end',
        available: () => Promise.resolve(),
        handleEvent: () => {},
        snapshotState: () => [],
        close: () => {},
        progress: () => next,
      };
    },
  };
}

const records =
  (splitId: string | undefined, ...timestamps: readonly number[]): Act =>
  (output) => {
    if (splitId !== undefined) output.beginSplit(splitId);
    for (const ms of timestamps) output.collect(ms, NO_TIMESTAMP_MS);
    return 'more';
  };
const ended =
  (splitId: string): Act =>
  (output) => {
    output.endSplit(splitId);
    return 'nothing';
  };

const strategy = WatermarkStrategy.forMonotonousTimestamps<number>().withTimestampAssigner(
  (n) => n,
);

function harnessOf(source: Source<number, never, null>, watermarks = strategy) {
  const options = { autoWatermarkIntervalMs: 200 };
  const harness = OperatorHarness.source(sourceOperator(source, watermarks), options);
  void harness.open();
  let nowMs = 0;
  /** Polls once, then lets the periodic emission run; what came of it. */
  const step = (): (number | string)[] => {
    const polled = harness.operator.poll(100);
    nowMs += 200;
    harness.setProcessingTime(nowMs);
    const shown = harness.take().map((one) => {
      if (one.type === 'watermark') return `w${one.watermarkMs}`;
      if (one.type === 'record') return one.timestampMs ?? 'none';
      return one.type === 'idle' ? `idle ${one.idle}` : `side ${one.tagId}`;
    });
    return [...shown, polled];
  };
  return { harness, step };
}

describe('sourceOperator', () => {
  it('assigns timestamps and ends with the final watermark, once', () => {
    const { harness, step } = harnessOf(scripted(records(undefined, 5, 9)));
    assert.deepEqual(harness.sent, [{ type: 'request-split' }]);
    assert.deepEqual(step(), [5, 9, 'w8', 'more']);
    assert.deepEqual(step(), [`w${MAX_WATERMARK_MS}`, 'end']);
    assert.deepEqual(step(), ['end']);
    assert.equal(harness.operator.progress?.(), 2);
  });

  it('emits the lowest watermark of the splits being read and lets ended ones go', () => {
    const { step } = harnessOf(
      scripted(
        (output) => {
          records('a', 10)(output);
          return records('b', 4)(output);
        },
        ended('b'),
        records('c', 2, 3),
        records('a', 20),
        ended('c'),
        ended('a'),
      ),
    );
    assert.deepEqual(step(), [10, 4, 'w3', 'more']);
    assert.deepEqual(step(), ['w9', 'nothing']);
    assert.deepEqual(step(), [2, 3, 'more']);
    assert.deepEqual(step(), [20, 'more']);
    assert.deepEqual(step(), ['w19', 'nothing']);
    assert.deepEqual(step(), ['nothing']);
    assert.deepEqual(step(), [`w${MAX_WATERMARK_MS}`, 'end']);
  });

  it('tells of idleness, and is active again before the final watermark', () => {
    const quiet: Act = () => 'nothing';
    const { step } = harnessOf(
      scripted(records('a', 10), quiet, quiet, quiet),
      strategy.withIdleness(150),
    );
    assert.deepEqual(step(), [10, 'w9', 'more']);
    assert.deepEqual(step(), ['nothing']);
    assert.deepEqual(step(), ['idle true', 'nothing']);
    assert.deepEqual(step(), ['nothing']);
    assert.deepEqual(step(), ['idle false', `w${MAX_WATERMARK_MS}`, 'end']);
  });

  it('sends what a reader could not understand to its side output', () => {
    const { step } = harnessOf(
      scripted((output) => {
        output.collectSide('bad', 'line');
        return 'more';
      }),
    );
    assert.deepEqual(step(), ['side bad', 'more']);
  });

  it('names the operator when the watermark generator throws', () => {
    const failing = WatermarkStrategy.forGenerator<number>(() => ({
      onEvent: () => assert.fail('boom'),
      onPeriodicEmit: () => {},
    }));
    const { step } = harnessOf(scripted(records('a', 10)), failing);
    assert.throws(step, {
      code: 'USER_FUNCTION_FAILED',
      message: 'watermark generator failed in operator "Test" (subtask 1/1): boom; record=10',
    });
  });
});
