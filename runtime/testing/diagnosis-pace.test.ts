/** What is silent for a while: as it usually is, or for longer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JobFunction } from '../api/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';
import { diagnoseAt, findingOf, type PartitionRecord, partitions } from './diagnosis-run.ts';

const MONOTONOUS = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();

/** Numbers of which those pass. */
function filtered(passes: (n: number) => boolean): JobFunction {
  return (env) => {
    const source = generatorSource({ generate: (n) => ({ n }), ratePerSecond: 100 });
    env
      .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
      .filter(({ n }) => passes(n))
      .name('alerts')
      .print();
  };
}

function sessions(all: Parameters<typeof partitions>[0], gapMs: number): JobFunction {
  return (env) => {
    env
      .fromSource(partitions(all), MONOTONOUS, 'clicks')
      .keyBy('key')
      .window(EventTimeSessionWindows.withGap(gapMs))
      .reduce((a) => a)
      .print();
  };
}

describe('a diagnosis of a filter that passes nothing any more', () => {
  it('warns when it passed records all the time before', async () => {
    const diagnosis = await diagnoseAt(
      filtered((n) => n < 500),
      { atMs: 60_000 },
    );
    const finding = findingOf(diagnosis, 'FILTER_PASSES_NOTHING');
    assert.equal(finding.severity, 'warning');
    assert.match(finding.sentence, /^"alerts" goes on to take records \(1,000 in the last 10 s\)/);
    assert.match(
      finding.sentence,
      /let none pass for 55 s; 500 of [56],\d+ records in all; before/,
    );
    assert.equal(diagnosis.verdict, 'impaired');
  });

  it('says so when it passed one at the start, and calls that no fault', async () => {
    const diagnosis = await diagnoseAt(
      filtered((n) => n === 0),
      { atMs: 60_000 },
    );
    assert.equal(findingOf(diagnosis, 'FILTER_PASSES_NOTHING').severity, 'info');
    assert.equal(diagnosis.verdict, 'waiting');
    assert.match(diagnosis.summary, /1 of 5,\d+ records in all\.$/);
  });

  it('finds nothing when it passes one each twenty seconds', async () => {
    for (const atMs of [45_000, 59_000, 75_000]) {
      const diagnosis = await diagnoseAt(
        filtered((n) => n % 2000 === 5),
        { atMs },
      );
      assert.deepEqual(diagnosis.findings, []);
      assert.equal(diagnosis.verdict, 'healthy');
    }
  });
});

describe('a diagnosis of slow sources', () => {
  const beside = (everyMs: number, untilMs?: number): JobFunction => {
    return (env) => {
      const slow = { id: 'b', everyMs, ...(untilMs === undefined ? {} : { untilMs }) };
      env
        .fromSource(partitions([{ id: 'a', everyMs: 100 }, slow]), MONOTONOUS, 'clicks')
        .keyBy('key')
        .window(TumblingEventTimeWindows.of(10_000))
        .reduce((a) => a)
        .print();
    };
  };

  it('says that event time goes on with the records of the slow one', async () => {
    for (const atMs of [15_000, 35_000, 45_000, 60_000, 110_000, 145_000]) {
      const diagnosis = await diagnoseAt(beside(50_000), { parallelism: 2, atMs });
      for (const { code } of diagnosis.findings) assert.equal(code, 'WAITS_FOR_WATERMARK');
    }
    const { summary } = await diagnoseAt(beside(50_000), { parallelism: 2, atMs: 25_000 });
    assert.match(
      summary,
      /moves on with each record of subtask 1 \(2\/2\) of "Source: clicks": one came so far/,
    );
  });

  it('finds none where subtasks without splits are idle by their strategy', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        env
          .fromSource(
            partitions([{ id: 'a', everyMs: 100 }]),
            MONOTONOUS.withIdleness('3 s'),
            'clicks',
          )
          .keyBy('key')
          .window(TumblingEventTimeWindows.of(5000))
          .reduce((a) => a)
          .print();
      },
      { parallelism: 3, atMs: 20_000 },
    );
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'healthy');
  });

  it('tells when it is silent for much longer than that', async () => {
    const job = beside(20_000, 65_000);
    const diagnosis = await diagnoseAt(job, { parallelism: 2, atMs: 300_000 });
    const finding = findingOf(diagnosis, 'IDLE_PARTITION');
    assert.equal(finding.subtaskIndex, 1);
    assert.match(finding.sentence, /has given nothing for 3 min 59 s/);
  });
});

describe('a diagnosis of sessions', () => {
  it('says that records put them off for ever', async () => {
    const diagnosis = await diagnoseAt(sessions([{ id: 'a', everyMs: 500 }], 5000), {
      atMs: 60_000,
    });
    const finding = findingOf(diagnosis, 'WINDOW_KEEPS_MOVING');
    assert.equal(finding.severity, 'warning');
    assert.match(
      finding.sentence,
      /holds 1 session, each of which ends when its key pauses for 5 s/,
    );
    assert.equal(diagnosis.findings.length, 1);
  });

  it('finds none in sessions that end', async () => {
    const untils = [5000, 15_000, 25_000, 35_000, 45_000, 55_000];
    const all = untils.map((untilMs, key) => ({ id: `${key}`, everyMs: 500, untilMs, key }));
    const keys = [...all, { id: 'all', everyMs: 500, key: 9 }];
    const strategy = MONOTONOUS.withIdleness('1 s');
    const diagnosis = await diagnoseAt(
      (env) => {
        env
          .fromSource(partitions(keys), strategy, 'clicks')
          .keyBy('key')
          .window(EventTimeSessionWindows.withGap(5000))
          .reduce((a) => a)
          .print();
      },
      { atMs: 60_000 },
    );
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'healthy');
  });
});
