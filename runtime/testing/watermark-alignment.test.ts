/** Sources that wait for each other, in a whole job on virtual time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobFunction } from '../api/index.ts';
import type { Source } from '../connectors/index.ts';
import { NO_TIMESTAMP_MS } from '../core/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { runJob } from './run-job.ts';

interface Event {
  readonly from: 'fast' | 'slow';
  readonly at: number;
}

/** A second makes as much event time: 20 s of the fast source, 10 s of the slow one. */
const STEPS = { fast: 20, slow: 10 };
const END_MS = 40_000;

/** One event a millisecond in which it may emit: what it has waited for does not come at once. */
function ticking(from: Event['from']): Source<Event, { readonly id: string; at: number }, null> {
  return {
    name: from,
    boundedness: 'BOUNDED',
    createEnumerator: (ctx) => ({
      start: () => {},
      addReader: () => {},
      handleSplitRequest: () => ctx.assignSplits(0, [{ id: from, at: 0 }]),
      addSplitsBack: (splits) => ctx.assignSplits(0, splits),
      snapshotState: () => null,
      close: () => {},
    }),
    createReader: ({ timers, sendToEnumerator }) => {
      let split: { readonly id: string; at: number } | undefined;
      let wake = Promise.withResolvers<void>();
      let isDue = true;
      return {
        start: () => {
          if (split === undefined) sendToEnumerator({ type: 'request-split' });
        },
        pollNext: (output) => {
          if (split === undefined || !isDue) return 'nothing';
          if (split.at >= END_MS) return 'end';
          output.beginSplit(from);
          output.collect({ from, at: split.at }, NO_TIMESTAMP_MS);
          split.at += STEPS[from];
          isDue = false;
          wake = Promise.withResolvers();
          timers.schedule(1, () => {
            isDue = true;
            wake.resolve();
          });
          return 'more';
        },
        available: () => wake.promise,
        handleEvent: (event) => {
          if (event.type === 'add-splits') split = { ...(event.splits[0] as typeof split & {}) };
          wake.resolve();
        },
        snapshotState: () => (split === undefined ? [] : [{ ...split }]),
        close: () => {},
      };
    },
  };
}

interface Watched {
  /** Between the newest event of the fast source and that of the slow one, at its worst. */
  worstMs: number;
  /** Of both together. */
  readonly counts: Map<string, number>;
}

/** @param failAt how many records of the slow source have come when the job fails, once. */
function watchedJob(driftMs: number | undefined, watched: Watched, failAt?: number): JobFunction {
  const newest = { fast: 0, slow: 0 };
  let seen = 0;
  return (env) => {
    env.setParallelism(1);
    const strategy = WatermarkStrategy.forMonotonousTimestamps<Event>().withTimestampAssigner(
      ({ at }) => at,
    );
    const aligned =
      driftMs === undefined ? strategy : strategy.withWatermarkAlignment('both', driftMs, 100);
    const [fast, slow] = (['fast', 'slow'] as const).map((from) =>
      env.fromSource(ticking(from), aligned, from),
    );
    if (fast === undefined || slow === undefined) return;
    fast
      .union(slow)
      .map(({ from, at }) => {
        newest[from] = at;
        watched.worstMs = Math.max(watched.worstMs, newest.fast - newest.slow);
        if (from === 'slow' && ++seen === failAt) throw new Error('once');
        return `${from} ${at}`;
      })
      .print();
  };
}

async function run(driftMs: number | undefined, failAt?: number): Promise<Watched> {
  const watched: Watched = { worstMs: 0, counts: new Map() };
  const { result, printed } = await runJob(watchedJob(driftMs, watched, failAt), {
    configuration: {
      'pipeline.auto-watermark-interval': 50,
      ...(failAt === undefined
        ? {}
        : {
            'execution.checkpointing.interval': '200 ms',
            'restart-strategy.type': 'fixed-delay',
            'restart-strategy.fixed-delay.delay': '1 ms',
          }),
    },
  });
  assert.equal(result.status, 'FINISHED');
  for (const line of printed.trim().split('\n')) {
    watched.counts.set(line, (watched.counts.get(line) ?? 0) + 1);
  }
  assert.equal(watched.counts.size, END_MS / STEPS.fast + END_MS / STEPS.slow);
  return watched;
}

/** What the fast source makes between two updates, and until its watermark tells of it. */
const SLACK_MS = 7000;

describe('watermark alignment', () => {
  it('is what keeps a fast source near a slow one', async () => {
    const { worstMs } = await run(undefined);
    assert.ok(worstMs > 19_000, `unaligned they drift apart: ${worstMs}`);
    const aligned = await run(3000);
    assert.ok(aligned.worstMs < 3000 + SLACK_MS, `drift ${aligned.worstMs}`);
    assert.ok(aligned.worstMs > 1000, 'it does not wait for nothing');
    assert.deepEqual([...new Set(aligned.counts.values())], [1]);
  });

  it('goes on after a failure, from the checkpoint, as aligned as before', async () => {
    const { worstMs } = await run(3000, 2500);
    assert.ok(worstMs < 3000 + SLACK_MS, `drift ${worstMs}`);
  });
});
