import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError, MAX_WATERMARK_MS, NO_TIMESTAMP_MS } from '../core/index.ts';
import { OperatorHarness } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import type { ReaderOutput, Source, SourceReader } from './source.ts';
import { sourceOperator } from './source-operator.ts';

interface PausingReader extends SourceReader<number, never> {
  readonly calls: string[];
  emit(output: ReaderOutput<number>): 'more' | 'nothing' | 'end';
}

/** A reader that emits what the test says, and notes what it is told of its splits. */
function readerOf(pauses: boolean): PausingReader {
  const calls: string[] = [];
  const reader: PausingReader = {
    calls,
    emit: () => 'nothing',
    start: () => {},
    pollNext: (output) => reader.emit(output),
    available: () => Promise.resolve(),
    handleEvent: ({ type }) => {
      calls.push(type);
    },
    snapshotState: () => [],
    close: () => {},
  };
  if (!pauses) return reader;
  reader.pauseOrResumeSplits = (pause, resume) => {
    calls.push(`pause ${pause.join()} resume ${resume.join()}`);
  };
  return reader;
}

const aligned = WatermarkStrategy.forMonotonousTimestamps<number>()
  .withTimestampAssigner((n) => n)
  .withWatermarkAlignment('g', 10, 500);

function open(pauses = true, strategy = aligned, allowUnalignedSplits = false) {
  const reader = readerOf(pauses);
  const source: Source<number, never, null> = {
    name: 'told',
    boundedness: 'CONTINUOUS_UNBOUNDED',
    createEnumerator: () => assert.fail('the enumerator runs elsewhere'),
    createReader: () => reader,
  };
  const harness = OperatorHarness.source(sourceOperator(source, strategy), {
    autoWatermarkIntervalMs: 100,
    allowUnalignedSplits,
  });
  void harness.open();
  let nowMs = 0;
  const { operator } = harness;
  return {
    ...{ harness, reader, operator },
    /** What was said to the coordinator until then. */
    until(atMs: number): readonly unknown[] {
      while (nowMs < atMs) {
        nowMs += 100;
        harness.setProcessingTime(nowMs);
      }
      return harness.sent
        .splice(0)
        .map((event) => (event.type === 'watermark' ? event.watermarkMs : event.type));
    },
    /** Polls, and the reader emits these. */
    poll(...records: readonly (readonly [splitId: string, ms: number])[]) {
      reader.emit = (output) => {
        for (const [splitId, ms] of records) {
          output.beginSplit(splitId);
          output.collect(ms, NO_TIMESTAMP_MS);
        }
        return 'more';
      };
      return operator.poll(100);
    },
    allow(maxWatermarkMs: number): void {
      operator.handleEvent({ type: 'max-watermark', maxWatermarkMs });
    },
  };
}

describe('a source with watermark alignment', () => {
  it('says how far it is once an interval, when that has changed', () => {
    const { poll, until } = open();
    poll(['a', 6]);
    assert.deepEqual(until(400), []);
    assert.deepEqual(until(500), [5]);
    assert.deepEqual(until(2000), []);
    poll(['a', 8]);
    assert.deepEqual(until(2500), [7]);
  });

  it('waits while it is further than allowed, asks on, and goes on when it is told', async () => {
    const { poll, until, allow, operator, reader } = open();
    assert.equal(poll(['a', 101]), 'more');
    until(500);
    allow(99);
    assert.equal(poll(['a', 102]), 'nothing');
    let isAvailable = false;
    const available = operator.available().then(() => {
      isAvailable = true;
    });
    assert.deepEqual(until(1500), [100, 100], 'it asks although nothing has changed');
    assert.equal(operator.idleUntilEpochMs?.(), 1500, 'a job must not hibernate: there is more');
    await Promise.resolve();
    assert.equal(isAvailable, false);
    assert.equal(operator.facts?.().alignment?.waits, true);
    allow(100);
    await available;
    assert.equal(poll(['a', 102]), 'more');
    assert.deepEqual(operator.facts?.().alignment, {
      ...{ group: 'g', maxDriftMs: 10, waits: false, pausedSplitCount: 0, maxWatermarkMs: 100 },
    });
    assert.deepEqual(reader.calls, [], 'the words are not for the reader, one split is not paused');
  });

  it('measures how far it is ahead of the lowest of its group', () => {
    const { poll, until, allow, harness } = open();
    const drift = (): unknown => harness.metrics().watermarkAlignmentDrift;
    assert.equal(drift(), 0);
    poll(['a', 101]);
    until(500);
    assert.equal(drift(), 0, 'nobody has told how far the others are');
    allow(60);
    assert.equal(drift(), 50, 'it is at 100, the lowest at 50');
    allow(130);
    assert.equal(drift(), 0);
  });

  it('pauses the splits that are ahead beside others', () => {
    const { poll, until, allow, reader, operator } = open();
    poll(['a', 101], ['b', 11]);
    until(500);
    allow(20);
    assert.equal(poll(['b', 12]), 'more');
    assert.deepEqual(reader.calls, ['pause a resume ']);
    assert.equal(operator.facts?.().alignment?.pausedSplitCount, 1);
    assert.deepEqual(until(1500), [11, 11], 'it asks on: a waits');
    allow(110);
    poll(['b', 13]);
    assert.deepEqual(reader.calls, ['pause a resume ', 'pause  resume a']);
  });

  it('refuses splits that are ahead in a reader that cannot pause one', () => {
    const { poll, until, allow } = open(false);
    poll(['a', 101], ['b', 11]);
    until(500);
    allow(20);
    assert.throws(
      () => poll(['b', 12]),
      (thrown) =>
        isStreamError(thrown) &&
        thrown.code === 'SPLITS_NOT_PAUSABLE' &&
        thrown.message.includes('allow-unaligned-source-splits=true'),
    );
  });

  it('aligns such a reader as a whole where that is allowed', () => {
    const { poll, until, allow } = open(false, aligned, true);
    poll(['a', 101], ['b', 11]);
    until(500);
    allow(20);
    assert.equal(poll(['b', 31]), 'more');
    until(1000);
    assert.equal(poll(['b', 32]), 'nothing');
  });

  it('counts no split that was not begun: it may come after the one being read', () => {
    const { poll, until, operator } = open(false);
    poll(['a', 101]);
    operator.handleEvent({ type: 'add-splits', splits: [{ id: 'b' }] });
    assert.deepEqual(until(500), [100]);
  });

  it('is not idle while it waits, nor a split while it is paused', () => {
    const { poll, until, allow, reader } = open(true, aligned.withIdleness(1000));
    poll(['a', 101], ['b', 11]);
    until(500);
    allow(20);
    for (let atMs = 600; atMs <= 3000; atMs += 300) {
      assert.equal(poll(['b', 12]), 'more');
      until(atMs);
    }
    assert.deepEqual(reader.calls, ['pause a resume ']);
    poll(['b', 91]);
    until(3500);
    assert.equal(poll(['b', 92]), 'nothing');
    assert.deepEqual(until(6000), [90, 90, 90, 90, 90], 'a, far ahead, was not left out as idle');
    allow(110);
    assert.equal(poll(['b', 120]), 'more');
    assert.deepEqual(until(9000).at(-1), null, 'time runs again');
  });

  it('says nothing once it is closed', async () => {
    const { poll, until, operator } = open();
    poll(['a', 6]);
    await operator.close?.();
    assert.deepEqual(until(2000), []);
  });

  it('is no hindrance when it is idle, or at its end', () => {
    const { poll, until, reader, operator } = open(true, aligned.withIdleness(1000));
    poll(['a', 6]);
    assert.deepEqual(until(3000), [5, null]);
    reader.emit = () => 'end';
    assert.equal(operator.poll(10), 'end');
    assert.deepEqual(until(9000), [MAX_WATERMARK_MS]);
  });
});
