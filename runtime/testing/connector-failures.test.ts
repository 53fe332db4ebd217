/** What a job says when a source or sink of the user's own fails, wherever it does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sink, SinkWriter, Source, SourceReader } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { type RunJobOutcome, runJob } from './run-job.ts';

function sourceWith(reader: Partial<SourceReader<number, string>>): Source<number, string, null> {
  return {
    name: 'mine',
    boundedness: 'BOUNDED',
    createEnumerator: (ctx) => ({
      start: () => undefined,
      addReader: (subtaskIndex) => {
        ctx.assignSplits(subtaskIndex, ['split']);
        ctx.signalNoMoreSplits(subtaskIndex);
      },
      handleSplitRequest: () => undefined,
      addSplitsBack: () => undefined,
      snapshotState: () => null,
      close: () => undefined,
    }),
    createReader: () => ({
      start: () => undefined,
      pollNext: () => 'end',
      available: () => Promise.resolve(),
      handleEvent: () => undefined,
      snapshotState: () => [],
      close: () => undefined,
      ...reader,
    }),
  };
}

function sinkWith(writer: Partial<SinkWriter<number>>): Sink<number> {
  return {
    name: 'mine',
    guarantee: 'NONE',
    createWriter: () => ({
      write: () => undefined,
      flush: () => undefined,
      prepareCommit: () => [],
      close: () => undefined,
      ...writer,
    }),
  };
}

const boom = (): never => {
  throw new Error('boom');
};

const runSource = (reader: Partial<SourceReader<number, string>>): Promise<RunJobOutcome> =>
  runJob(
    (env) => {
      env.fromSource(sourceWith(reader), WatermarkStrategy.noWatermarks(), 'feed').print();
    },
    { parallelism: 2 },
  );

const runSink = (writer: Partial<SinkWriter<number>>): Promise<RunJobOutcome> =>
  runJob(
    (env) => {
      env.fromSequence(1, 9).sinkTo(sinkWith(writer)).name('store');
    },
    { parallelism: 2 },
  );

describe('a job whose source fails', () => {
  for (const [where, reader] of Object.entries<Partial<SourceReader<number, string>>>({
    pollNext: { pollNext: boom },
    'available by throwing': { pollNext: () => 'nothing', available: boom },
    'available by rejecting': {
      pollNext: () => 'nothing',
      available: () => Promise.reject(new Error('boom')),
    },
    handleEvent: { pollNext: () => 'nothing', handleEvent: boom },
    close: { close: boom },
  })) {
    it(`names operator and subtask: ${where}`, async () => {
      const { result } = await runSource(reader);
      assert.equal(result.status, 'FAILED');
      assert.match(result.error?.message ?? '', /"Source: feed" \(subtask [12]\/2\).*boom/);
    });
  }

  it('waits with every reader until all slots run, so that one may end at once', async () => {
    const { result } = await runSource({});
    assert.equal(result.status, 'FINISHED', result.error?.message);
  });
});

describe('a job whose sink fails', () => {
  for (const [where, writer] of Object.entries<Partial<SinkWriter<number>>>({
    write: { write: boom },
    'suspension by throwing': { suspension: boom },
    'suspension by rejecting': { suspension: () => Promise.reject(new Error('boom')) },
    flush: { flush: boom },
    prepareCommit: { prepareCommit: boom },
    close: { close: boom },
  })) {
    it(`names operator and subtask: ${where}`, async () => {
      const { result } = await runSink(writer);
      assert.equal(result.status, 'FAILED');
      assert.match(result.error?.message ?? '', /store.*\(subtask [12]\/2\).*boom/);
    });
  }
});
