import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_WATERMARK_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import type { SourceOperator } from '../operators/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { ConnectorWorld } from './connector-world.conformance.ts';
import {
  MemoryOperatorState,
  redistribute,
  type StoredStates,
} from './operator-state.conformance.ts';
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

  it('leaves a split that is silent out, until its next record (per-split idleness)', () => {
    const both: Act = (output) => {
      records('a', 10)(output);
      return records('b', 4)(output);
    };
    const quiet: Act = () => 'nothing';
    const { step } = harnessOf(
      scripted(both, records('a', 11), records('a', 12), records('b', 5), quiet, quiet, quiet),
      strategy.withIdleness(150),
    );
    assert.deepEqual(step(), [10, 4, 'w3', 'more']);
    assert.deepEqual(step(), [11, 'more']);
    assert.deepEqual(step(), [12, 'w11', 'more']);
    assert.deepEqual(step(), [5, 'more'], 'late for the watermark, and holds it from now on');
    assert.deepEqual(step(), ['nothing']);
    assert.deepEqual(step(), ['idle true', 'nothing']);
    assert.deepEqual(step(), ['nothing']);
    assert.deepEqual(step(), ['idle false', `w${MAX_WATERMARK_MS}`, 'end']);
  });

  it('takes the lowest of what punctuated generators of its splits have said', () => {
    const { step } = harnessOf(
      scripted(
        records('a', 10),
        (output) => {
          records('b', 7)(output);
          return records('a', 12)(output);
        },
        records('b', 6, 15),
        ended('b'),
      ),
      punctuated,
    );
    assert.deepEqual(step(), [10, 'w9', 'more']);
    assert.deepEqual(step(), [7, 12, 'more']);
    assert.deepEqual(step(), [6, 15, 'w11', 'more']);
    assert.deepEqual(step(), ['nothing']);
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

/** A split of event times, read one a poll; several in turn. */
interface TimesSplit {
  readonly name: string;
  readonly times: readonly number[];
  readonly position: number;
}

const timesSource: Source<number, TimesSplit, null> = {
  name: 'times',
  boundedness: 'BOUNDED',
  splitId: ({ name }) => name,
  createEnumerator: () => assert.fail('the enumerator runs elsewhere'),
  createReader: (ctx): SourceReader<number, TimesSplit> => {
    const splits: TimesSplit[] = [];
    return {
      start: () => ctx.sendToEnumerator({ type: 'custom', payload: splits.length }),
      pollNext: (output) => {
        const split = splits.shift();
        if (split === undefined) return 'end';
        const { name, times, position } = split;
        output.beginSplit(name);
        output.collect(times[position] ?? Number.NaN, NO_TIMESTAMP_MS);
        if (position + 1 === times.length) output.endSplit(name);
        else splits.push({ ...split, position: position + 1 });
        return 'more';
      },
      available: () => Promise.resolve(),
      handleEvent: (event) => {
        if (event.type === 'add-splits') splits.push(...(event.splits as TimesSplit[]));
      },
      snapshotState: () => [...splits],
      close: () => {},
    };
  },
};

/** A watermark at every event. */
const punctuated = WatermarkStrategy.forGenerator<number>(() => ({
  onEvent: (ms, _timestampMs, output) => output.emitWatermark(ms - 1),
  onPeriodicEmit: () => {},
})).withTimestampAssigner((ms) => ms);

/** One subtask of the source of times; what it emitted, in order, since the last look. */
async function openTimes(stored?: StoredStates) {
  const emitted: string[] = [];
  const state = new MemoryOperatorState(stored);
  const ctx = {
    ...new ConnectorWorld().operatorContext(state),
    sendToCoordinator: (event: unknown) => void emitted.push(JSON.stringify(event)),
  };
  const operator: SourceOperator = sourceOperator(timesSource, punctuated)(ctx, {
    collect: (value) => void emitted.push(`${value}`),
    collectSide: () => {},
    emitWatermark: (ms) => void emitted.push(`w${ms}`),
    emitIdle: () => {},
  });
  await operator.open();
  return {
    operator,
    take: () => emitted.splice(0),
    snapshot: () => {
      operator.snapshotState?.(1);
      return state.snapshot();
    },
  };
}

const split = (name: string, ...times: readonly number[]): TimesSplit => ({
  ...{ name, times },
  position: 0,
});

describe('sourceOperator, restored', () => {
  const started = (count: number) => JSON.stringify({ type: 'custom', payload: count });

  it('gives the reader its splits, with their positions, before it starts', async () => {
    const first = await openTimes();
    const splits = [split('a', 10, 20, 30), split('b', 5, 6)];
    first.operator.handleEvent({ type: 'add-splits', splits });
    first.operator.poll(1);
    const second = await openTimes(first.snapshot());
    assert.deepEqual(second.take(), [started(2)]);
    while (second.operator.poll(1) === 'more');
    const values = second.take().filter((one) => !one.startsWith('w'));
    assert.deepEqual(values, ['5', '20', '6', '30']);
    assert.deepEqual(second.snapshot().SourceReaderState?.items, []);
  });

  it('is at the watermarks of the checkpoint before the first record, split by split', async () => {
    const states: StoredStates[] = [];
    for (const [name, ...times] of [
      ['a', 100, 200, 300],
      ['b', 40, 50, 500],
    ] as const) {
      const one = await openTimes();
      one.operator.handleEvent({ type: 'add-splits', splits: [split(name, ...times)] });
      one.operator.poll(1);
      states.push(one.snapshot());
    }
    const [stored] = redistribute(states, 1);
    const merged = await openTimes(stored);
    assert.deepEqual(merged.take(), [started(2)]);
    merged.operator.poll(1);
    assert.deepEqual(merged.take(), ['w39', '200']);
    merged.operator.poll(1);
    assert.deepEqual(merged.take(), ['50', 'w49']);
    for (const [subtask, own] of redistribute(states, 3).entries()) {
      const one = await openTimes(own);
      one.take();
      one.operator.poll(1);
      const expected = [['w99', '200', 'w199'], ['w39', '50', 'w49'], [`w${MAX_WATERMARK_MS}`]];
      assert.deepEqual(one.take(), expected[subtask]);
    }
  });

  it('does not fall behind what the subtask had emitted when a later split began', async () => {
    const first = await openTimes();
    first.operator.handleEvent({ type: 'add-splits', splits: [split('a', 100)] });
    first.operator.poll(1);
    first.operator.handleEvent({ type: 'add-splits', splits: [split('b', 10, 20, 150)] });
    first.operator.poll(1);
    const second = await openTimes(first.snapshot());
    second.take();
    second.operator.poll(1);
    assert.deepEqual(second.take(), ['w99', '20']);
    second.operator.poll(1);
    assert.deepEqual(second.take(), ['150', 'w149']);
  });

  it('keeps its watermarks when it is snapshotted again before the first poll', async () => {
    const first = await openTimes();
    first.operator.handleEvent({ type: 'add-splits', splits: [split('a', 100, 200)] });
    first.operator.poll(1);
    const stored = first.snapshot();
    assert.deepEqual((await openTimes(stored)).snapshot(), stored);
  });

  it('keeps the watermark of a reader that waits for its next split', async () => {
    const first = await openTimes();
    first.operator.handleEvent({ type: 'add-splits', splits: [split('a', 100)] });
    first.operator.poll(1);
    const second = await openTimes(first.snapshot());
    second.operator.handleEvent({ type: 'add-splits', splits: [split('b', 50, 200)] });
    second.take();
    second.operator.poll(1);
    second.operator.poll(1);
    assert.deepEqual(second.take(), ['w99', '50', '200', 'w199']);
  });

  it('keeps nothing of a reader that has ended', async () => {
    const first = await openTimes();
    assert.equal(first.operator.poll(1), 'end');
    assert.deepEqual(first.snapshot().SourceReaderState?.items, []);
  });

  it('forgets a final watermark: what was drained may go on', async () => {
    const reachedMs = MAX_WATERMARK_MS;
    const begun = { splitId: 'a', watermarkMs: 99 };
    const items = [{ split: { ...split('a', 100, 200), position: 1 }, begun, reachedMs }];
    const one = await openTimes({ SourceReaderState: { mode: 'SPLIT_DISTRIBUTE', items } });
    one.take();
    one.operator.poll(1);
    assert.deepEqual(one.take(), ['w99', '200', 'w199']);
  });
});
