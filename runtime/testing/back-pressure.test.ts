/**
 * Goal: a slow sink slows its source, and what is under way is bounded by a count, not by luck.
 * Method: a sink that takes one buffer and then waits for virtual time; the source counts what it
 * has emitted, the sink what it has taken.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource, type Sink } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { runJob } from './run-job.ts';

const RECORDS = 200_000;
/** A record of this size makes 32 KB buffers of about 120 records. */
const PADDING = 'x'.repeat(256);

interface Counts {
  emitted: number;
  taken: number;
  mostUnderWay: number;
}

/** Takes what it is given and suspends until nothing else in the job can go on. */
function slowSink(counts: Counts): Sink<{ id: number }> {
  return {
    name: 'slow',
    guarantee: 'NONE',
    createWriter: () => ({
      write: () => {
        counts.taken += 1;
      },
      // Settles only after everybody else in the thread has had their turns.
      suspension: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
      flush: () => undefined,
      prepareCommit: () => [],
      close: () => undefined,
    }),
  };
}

async function run(
  build: (env: StreamExecutionEnvironment, counts: Counts) => void,
): Promise<{ counts: Counts; maxPendingBytes: number }> {
  const counts: Counts = { emitted: 0, taken: 0, mostUnderWay: 0 };
  const { result } = await runJob((env) => build(env, counts), { parallelism: 2 });
  assert.equal(result.status, 'FINISHED', result.error?.message);
  assert.equal(counts.emitted, RECORDS);
  assert.equal(counts.taken, RECORDS);
  const pending = result.metrics.vertices.map((vertex) => vertex.maxPendingBytes);
  return { counts, maxPendingBytes: Math.max(...pending) };
}

function countedSource(env: StreamExecutionEnvironment, counts: Counts) {
  const source = generatorSource({
    count: RECORDS,
    generate: (id) => {
      counts.emitted += 1;
      counts.mostUnderWay = Math.max(counts.mostUnderWay, counts.emitted - counts.taken);
      return { id, padding: PADDING };
    },
  });
  return env.fromSource(source, WatermarkStrategy.noWatermarks(), 'counted');
}

describe('back-pressure', () => {
  it('bounds what is between a source and a slow sink behind a shuffle', async () => {
    const { counts, maxPendingBytes } = await run((env, live) => {
      countedSource(env, live)
        .keyBy('id')
        .process({ processElement: (value, _ctx, out) => out.collect(value) })
        .sinkTo(slowSink(live));
    });
    // Two rings of 512 KB, and the output of one step (512 records) of each of two sources.
    const recordBytes = PADDING.length;
    const bound = (2 * 512 * 1024) / recordBytes + 4 * 512;
    assert.ok(counts.mostUnderWay <= bound, `${counts.mostUnderWay} <= ${bound}`);
    assert.ok(counts.mostUnderWay > 512, 'the rings were used');
    assert.ok(maxPendingBytes <= 512 * (recordBytes + 64), `${maxPendingBytes}`);
  });

  it('bounds a chained slow sink to one step of each source', async () => {
    const { counts, maxPendingBytes } = await run((env, live) => {
      countedSource(env, live).sinkTo(slowSink(live));
    });
    assert.ok(counts.mostUnderWay <= 2 * 512, `${counts.mostUnderWay}`);
    assert.equal(maxPendingBytes, 0);
  });

  it('holds for a sink that is fed by calls from its own slot', async () => {
    let sinceSettled = 0;
    let most = 0;
    let settled = 0;
    const sink: Sink<{ id: number }> = {
      name: 'slow',
      guarantee: 'NONE',
      createWriter: () => ({
        write: () => {
          sinceSettled += 1;
          most = Math.max(most, sinceSettled);
        },
        suspension: () =>
          new Promise((resolve) =>
            setImmediate(() => {
              settled += 1;
              sinceSettled = 0;
              resolve();
            }),
          ),
        flush: () => undefined,
        prepareCommit: () => [],
        close: () => undefined,
      }),
    };
    const counts: Counts = { emitted: 0, taken: 0, mostUnderWay: 0 };
    const { result } = await runJob(
      (env) => {
        countedSource(env, counts)
          .keyBy('id')
          .process({ processElement: (value, _ctx, out) => out.collect(value) })
          .sinkTo(sink);
      },
      { parallelism: 1 },
    );
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.ok(most <= 2 * 512, `${most} records while the sink asked to wait`);
    assert.ok(settled >= RECORDS / (2 * 512), `${settled}`);
  });
});
