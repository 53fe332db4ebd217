/** Jobs in BATCH, stage by stage. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { JobFunction } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';
import { runJob, startJob } from './run-job.ts';

interface Click {
  readonly user: string;
  readonly at: number;
}

const CLICKS = 500;
const EXPECTED = Array.from({ length: 10 }, (_, n) => JSON.stringify({ start: n * 10, count: 50 }));
const directory = mkdtempSync(join(tmpdir(), 'sluice-batch-'));
const configuration = {
  'execution.runtime-mode': 'BATCH',
  'io.tmp.dirs': directory,
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': 10,
  'restart-strategy.fixed-delay.delay': '1 s',
};

after(() => rmSync(directory, { recursive: true, force: true }));

interface Hooks {
  /** In the first stage. */
  readonly onRead?: (n: number) => void;
  /** In the second. */
  readonly onCount?: () => void;
}

/** Clicks by ten milliseconds, out of order by much more than the watermarks allow. */
function clicks({ onRead = () => {}, onCount = () => {} }: Hooks = {}): JobFunction {
  return (env) => {
    const source = generatorSource<Click>({
      generate: (n) => {
        onRead(n);
        return { user: `u${n % 5}`, at: (n * 7919) % 100 };
      },
      count: CLICKS,
    });
    const strategy = WatermarkStrategy.forMonotonousTimestamps<Click>();
    env
      .fromSource(
        source,
        strategy.withTimestampAssigner(({ at }) => at),
        'clicks',
      )
      .keyBy('user')
      .window(TumblingEventTimeWindows.of(10))
      .process<{ start: number; count: number }>({
        process: (_user, { window }, elements, out) => {
          onCount();
          out.collect({ start: window.start, count: [...elements].length });
        },
      })
      .keyBy('start')
      .reduce((a, b) => ({ start: a.start, count: a.count + b.count }))
      .filter(({ count }) => count === 50)
      .print();
  };
}

function sorted(printed: string): readonly string[] {
  const lines = printed.split('\n').map((line) => line.replace(/^\d+> /, ''));
  return lines.filter((line) => line !== '').toSorted();
}

/** Where the job under way keeps its results. */
function results(): readonly string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.result'))
    .map((name) => join(directory, name));
}

describe('a job in BATCH', () => {
  it('has everything in its windows, however late, at any parallelism', async () => {
    for (const parallelism of [1, 2, 5]) {
      const { result, printed } = await runJob(clicks(), { parallelism, configuration });
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.deepEqual(sorted(printed), EXPECTED.toSorted(), `parallelism ${parallelism}`);
      assert.deepEqual(readdirSync(directory), []);
    }
  });

  it('gives the same when its stages run together', async () => {
    const pipelined = {
      ...configuration,
      'execution.batch-shuffle-mode': 'ALL_EXCHANGES_PIPELINED',
    };
    const { printed } = await runJob(clicks(), { parallelism: 2, configuration: pipelined });
    assert.deepEqual(sorted(printed), EXPECTED.toSorted());
  });

  it('begins a stage when those before it have ended', async () => {
    let reads = 0;
    let earliest = Number.POSITIVE_INFINITY;
    const job = clicks({
      onRead: () => {
        reads += 1;
      },
      onCount: () => {
        earliest = Math.min(earliest, reads);
      },
    });
    await runJob(job, { parallelism: 2, configuration });
    assert.equal(earliest, CLICKS);
  });

  it('runs a stage that fails again, and not what it reads', async () => {
    let [reads, counts] = [0, 0];
    const job = clicks({
      onRead: () => {
        reads += 1;
      },
      onCount: () => {
        counts += 1;
        if (counts === 7 || counts === 20) throw new Error('the second stage fails');
      },
    });
    const { result, printed } = await runJob(job, { parallelism: 2, configuration });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(sorted(printed), EXPECTED.toSorted());
    assert.equal(reads, CLICKS);
  });

  it('gives the splits of a source that fails to its next attempt, once', async () => {
    const reads = new Map<number, number>();
    let isFirst = true;
    const job = clicks({
      onRead: (n) => {
        reads.set(n, (reads.get(n) ?? 0) + 1);
        if (n !== 333 || !isFirst) return;
        isFirst = false;
        throw new Error('the first stage fails');
      },
    });
    const { result, printed } = await runJob(job, { parallelism: 2, configuration });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(sorted(printed), EXPECTED.toSorted());
    assert.equal(reads.get(333), 2);
    assert.equal(reads.get(0), 1, 'the other subtask had no failure');
  });

  for (const [what, damage] of [
    ['gone', rmSync],
    ['cut off', (path: string) => truncateSync(path, 100)],
  ] as const) {
    it(`runs again whose result is ${what}, and all that reads it`, async () => {
      let [reads, counts] = [0, 0];
      const job = clicks({
        onRead: () => {
          reads += 1;
        },
        onCount: () => {
          counts += 1;
          if (counts !== 7) return;
          for (const path of results()) damage(path);
          throw new Error('the second stage fails');
        },
      });
      const { result, printed } = await runJob(job, { parallelism: 2, configuration });
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.deepEqual(sorted(printed), EXPECTED.toSorted());
      assert.equal(reads, 2 * CLICKS);
    });
  }

  it('has as many subtasks as there is data for, if nobody says how many', async () => {
    const parallelismFor = async (bytes: string, most = 16): Promise<readonly number[]> => {
      const { result, printed } = await runJob(clicks(), {
        configuration: {
          ...configuration,
          'execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task': bytes,
          'execution.batch.adaptive.auto-parallelism.max-parallelism': most,
        },
      });
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.deepEqual(sorted(printed), EXPECTED.toSorted());
      return result.metrics.vertices.map(({ parallelism }) => parallelism);
    };
    assert.deepEqual(await parallelismFor('16 mb'), [1, 1, 1]);
    const [, windows = 0] = await parallelismFor('4 kb');
    assert.ok(windows > 1 && windows < 16, `parallelism ${windows}`);
    assert.deepEqual(await parallelismFor('1 kb', 3), [1, 3, 3]);
  });

  it('stores again what was lost for subtasks whose number was decided before', async () => {
    let counts = 0;
    const job = clicks({
      onCount: () => {
        counts += 1;
        if (counts !== 7) return;
        for (const path of results()) rmSync(path);
        throw new Error('the second stage fails');
      },
    });
    const { result, printed } = await runJob(job, {
      configuration: {
        ...configuration,
        'execution.batch.adaptive.auto-parallelism.avg-data-volume-per-task': '4 kb',
      },
    });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.deepEqual(sorted(printed), EXPECTED.toSorted());
  });

  it('is canceled in the midst of a stage, and leaves nothing behind', async () => {
    const job = clicks({ onCount: () => started.master.cancel() });
    const started = await startJob(job, { parallelism: 2, configuration });
    const { result } = await started.outcome;
    assert.equal(result.status, 'CANCELED');
    assert.deepEqual(readdirSync(directory), []);
  });

  it('takes no savepoint and does not start from one', async () => {
    const refusal = { code: 'NOT_IN_BATCH', message: /execution\.runtime-mode: STREAMING/ };
    const { master, outcome } = await startJob(clicks(), { configuration });
    await assert.rejects(master.triggerSavepoint('/savepoints'), refusal);
    await assert.rejects(master.triggerCheckpoint('CONFIGURED'), refusal);
    await assert.rejects(master.stopWithSavepoint({ drain: true, target: '/savepoints' }), refusal);
    await outcome;
    const restored = { ...configuration, 'execution.state-recovery.path': '/savepoints/one' };
    await assert.rejects(runJob(clicks(), { configuration: restored }), refusal);
  });
});
