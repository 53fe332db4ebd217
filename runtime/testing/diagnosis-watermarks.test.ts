/** Jobs whose windows never fire, each for one reason: the diagnosis names it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualTime } from '../adapters/index.ts';
import type { JobFunction, StreamExecutionEnvironment } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from '../windowing/index.ts';
import {
  diagnoseAt,
  findingOf,
  type Partition,
  type PartitionRecord,
  partitions,
} from './diagnosis-run.ts';

const MONOTONOUS = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();

function windowed(
  all: readonly Partition[],
  strategy: WatermarkStrategy<PartitionRecord> = MONOTONOUS,
  sizeMs = 2000,
): JobFunction {
  return (env: StreamExecutionEnvironment) => {
    env
      .fromSource(partitions(all), strategy, 'clicks')
      .keyBy('key')
      .window(TumblingEventTimeWindows.of(sizeMs))
      .reduce((a) => a)
      .print();
  };
}

describe('a diagnosis of windows that do not fire', () => {
  it('has nothing to say of windows that do', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 100 },
    ]);
    const { verdict, findings } = await diagnoseAt(job, { parallelism: 2 });
    assert.deepEqual(findings, []);
    assert.equal(verdict, 'healthy');
  });

  it('names the subtask that reads nothing, and that idleness is not declared', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 0 },
    ]);
    const diagnosis = await diagnoseAt(job, { parallelism: 2, atMs: 40_000 });
    const finding = findingOf(diagnosis, 'IDLE_PARTITION');
    assert.equal(diagnosis.findings[0], finding);
    assert.equal(diagnosis.verdict, 'blocked');
    assert.equal(finding.subtaskIndex, 1);
    assert.match(finding.sentence, /subtask 1 \(2\/2\) of "Source: clicks" has read nothing/);
    assert.match(finding.advice, /withIdleness/);
    assert.equal(finding.input?.fromSubtask, 1);
    assert.ok(Number(finding.evidence.aheadMs) > 8000);
  });

  it('accuses nobody whose first record may be on its way', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 0 },
    ]);
    for (const parallelism of [1, 2]) {
      const diagnosis = await diagnoseAt(job, { parallelism, atMs: 20_000 });
      assert.equal(diagnosis.verdict, 'waiting');
      const finding = findingOf(diagnosis, 'WAITS_FOR_WATERMARK');
      assert.match(finding.sentence, /(read nothing|given no record) yet.* waits for the first/);
    }
  });

  it('says nothing of it once idleness is declared', async () => {
    const job = windowed(
      [
        { id: 'a', everyMs: 100 },
        { id: 'b', everyMs: 0 },
      ],
      MONOTONOUS.withIdleness('1 s'),
    );
    const { findings } = await diagnoseAt(job, { parallelism: 2 });
    assert.deepEqual(findings, []);
  });

  it('says that subtasks without a split hold the others back', async () => {
    const diagnosis = await diagnoseAt(windowed([{ id: 'a', everyMs: 100 }]), { parallelism: 4 });
    const finding = findingOf(diagnosis, 'IDLE_PARTITION');
    assert.match(
      finding.sentence,
      /subtasks 1, 2 and 3 \(of 0 to 3\) of "Source: clicks" have read nothing/,
    );
    assert.match(finding.sentence, /fewer splits/);
    assert.equal(finding.evidence.silentSubtasks, 3);
  });

  it('names the split of a reader that gives nothing', async () => {
    const job = windowed([
      { id: 'topic-0', everyMs: 100 },
      { id: 'topic-1', everyMs: 0 },
    ]);
    const finding = findingOf(await diagnoseAt(job, { atMs: 40_000 }), 'IDLE_PARTITION');
    assert.equal(finding.input?.splitId, 'topic-1');
    assert.match(finding.sentence, /split "topic-1" .* has given no record/);
  });

  it('does not accuse a split that is a little behind another', async () => {
    const all = [
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 100, behindMs: 30 },
    ];
    // Not at the very end of an hour.
    const time = new VirtualTime(1_790_000_000_000);
    const hourly = await diagnoseAt(windowed(all, MONOTONOUS, 3_600_000), { time });
    assert.equal(hourly.verdict, 'waiting');
    assert.equal(hourly.findings[0]?.code, 'WAITS_FOR_WATERMARK');
    const minutely = await diagnoseAt(windowed(all, MONOTONOUS, 60_000), { atMs: 150_000 });
    assert.deepEqual(minutely.findings, []);
  });

  it('names the split of a reader that has fallen silent', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 100, untilMs: 3000 },
    ]);
    const finding = findingOf(await diagnoseAt(job, { atMs: 30_000 }), 'WATERMARK_HELD_BACK');
    assert.equal(finding.input?.splitId, 'b');
  });

  it('does not say that a slow source stands still between two of its records', async () => {
    const job = windowed([{ id: 'a', everyMs: 20_000 }], MONOTONOUS, 60_000);
    for (const atMs of [25_000, 55_000, 75_000, 135_000, 600_000]) {
      const { findings } = await diagnoseAt(job, { atMs });
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info'),
        [],
      );
    }
  });

  it('names the partition that has fallen silent', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 100, untilMs: 3000 },
    ]);
    const diagnosis = await diagnoseAt(job, { parallelism: 2, atMs: 30_000 });
    const finding = findingOf(diagnosis, 'IDLE_PARTITION');
    assert.equal(finding.subtaskIndex, 1);
    assert.match(finding.sentence, /has given nothing for 27 s/);
    assert.ok(Number(finding.evidence.behindMs) > 25_000);
  });

  it('names the input that is behind, and by how much', async () => {
    const job = windowed([
      { id: 'a', everyMs: 100 },
      { id: 'b', everyMs: 100, behindMs: 3_600_000 },
    ]);
    const diagnosis = await diagnoseAt(job, { parallelism: 2 });
    const finding = findingOf(diagnosis, 'WATERMARK_HELD_BACK');
    assert.equal(finding.subtaskIndex, 1);
    assert.match(finding.sentence, /is 1 h of event time behind/);
    assert.equal(finding.evidence.behindMs, 3_600_000);
  });

  it('says which of two streams holds a join back', async () => {
    const diagnosis = await diagnoseAt((env) => {
      const orders = env.fromSource(partitions([{ id: 'o', everyMs: 100 }]), MONOTONOUS, 'orders');
      const rates = env.fromSource(
        partitions([{ id: 'r', everyMs: 100, behindMs: 60_000 }]),
        MONOTONOUS,
        'rates',
      );
      orders
        .connect(rates)
        .keyBy('key', 'key')
        .process({
          processElement1: (_value, ctx) => {
            ctx.timerService.registerEventTimeTimer(5000);
          },
          processElement2: () => undefined,
          onTimer: (_at, _ctx, out) => out.collect(1),
        })
        .name('Join')
        .print();
    });
    const finding = findingOf(diagnosis, 'WATERMARK_HELD_BACK');
    assert.equal(finding.operator, 'Source: rates');
    assert.equal(finding.input?.inputIndex, 1);
    assert.match(finding.sentence, /"Join" holds 1 timer until event time .*; the watermark of/);
    assert.match(finding.sentence, /1 min of event time behind/);
  });

  it('says that a source makes no watermarks', async () => {
    const job = windowed([{ id: 'a', everyMs: 100 }], WatermarkStrategy.noWatermarks());
    const diagnosis = await diagnoseAt(job);
    const finding = findingOf(diagnosis, 'NO_WATERMARK_STRATEGY');
    assert.equal(finding.operator, 'Source: clicks');
    assert.equal(diagnosis.verdict, 'blocked');
    assert.match(diagnosis.summary, /noWatermarks/);
  });

  it('says that watermarks are turned off by an option', async () => {
    const diagnosis = await diagnoseAt(windowed([{ id: 'a', everyMs: 100 }]), {
      configuration: { 'pipeline.auto-watermark-interval': 0 },
    });
    const finding = findingOf(diagnosis, 'WATERMARKS_NEVER_EMITTED');
    assert.match(finding.sentence, /pipeline.auto-watermark-interval is 0/);
  });

  it('says that a generator never emits', async () => {
    const strategy = WatermarkStrategy.forGenerator<PartitionRecord>(() => ({
      onEvent: () => undefined,
      onPeriodicEmit: () => undefined,
    }));
    const diagnosis = await diagnoseAt(windowed([{ id: 'a', everyMs: 100 }], strategy));
    assert.match(findingOf(diagnosis, 'WATERMARKS_NEVER_EMITTED').advice, /emitWatermark/);
  });

  it('says that time stands still when no newer record comes', async () => {
    const job = windowed([{ id: 'a', everyMs: 100, untilMs: 1000 }], MONOTONOUS, 60_000);
    const diagnosis = await diagnoseAt(job, { atMs: 20_000 });
    const finding = findingOf(diagnosis, 'WATERMARK_STANDS_STILL');
    assert.match(finding.sentence, /only records move event time/);
    assert.equal(finding.evidence.missingMs, 59_999 - 999);
    assert.equal(diagnosis.verdict, 'blocked');
  });

  it('says that records come, and none with a later timestamp', async () => {
    const job = windowed([{ id: 'a', everyMs: 100, timestampOf: () => 1_790_000_000_000 }]);
    const diagnosis = await diagnoseAt(job, { atMs: 60_000 });
    const finding = findingOf(diagnosis, 'WATERMARK_STANDS_STILL');
    assert.match(finding.sentence, /records came from "Source: clicks" .*none with a later/);
    assert.match(finding.advice, /timestamp assigner/);
    assert.equal(finding.severity, 'warning');
  });

  it('says that all inputs are idle', async () => {
    const job = windowed(
      [
        { id: 'a', everyMs: 100, untilMs: 1000 },
        { id: 'b', everyMs: 100, untilMs: 1000 },
      ],
      MONOTONOUS.withIdleness('1 s'),
      60_000,
    );
    const diagnosis = await diagnoseAt(job, { parallelism: 2, atMs: 20_000 });
    const finding = findingOf(diagnosis, 'WATERMARK_STANDS_STILL');
    assert.match(finding.sentence, /every input of it is idle/);
  });

  it('recognises timestamps in seconds', async () => {
    const startMs = 1_790_000_000_000;
    const timestampOf = (atMs: number): number => Math.floor(atMs / 1000);
    const job = windowed([{ id: 'a', everyMs: 100, timestampOf }], MONOTONOUS, 60_000);
    const diagnosis = await diagnoseAt(job, { time: new VirtualTime(startMs) });
    const finding = findingOf(diagnosis, 'TIMESTAMPS_IN_SECONDS');
    assert.match(finding.sentence, /is at 1970-01-21 .* look like seconds/);
    assert.match(finding.advice, /1000/);
  });

  it('tells how long a window takes yet', async () => {
    const job = windowed([{ id: 'a', everyMs: 100 }], MONOTONOUS, 60_000);
    const diagnosis = await diagnoseAt(job);
    const finding = findingOf(diagnosis, 'WAITS_FOR_WATERMARK');
    assert.equal(diagnosis.verdict, 'waiting');
    assert.match(finding.sentence, /at its present speed in 5\d s/);
  });

  it('tells when a window of processing time fires', async () => {
    const diagnosis = await diagnoseAt((env) => {
      env
        .fromSource(
          generatorSource({ generate: (n) => ({ k: 1, n }), ratePerSecond: 10 }),
          WatermarkStrategy.noWatermarks(),
          'numbers',
        )
        .keyBy('k')
        .window(TumblingProcessingTimeWindows.of('1 min'))
        .sum('n')
        .print();
    });
    const finding = findingOf(diagnosis, 'WAITS_FOR_PROCESSING_TIME');
    assert.match(finding.sentence, /due in 50 s/);
    assert.equal(diagnosis.verdict, 'waiting');
  });
});
