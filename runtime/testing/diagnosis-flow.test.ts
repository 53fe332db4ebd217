/** Jobs that put nothing out, or not all, each for one reason: the diagnosis names it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryFileSystem, VirtualTime } from '../adapters/index.ts';
import type { StreamExecutionEnvironment } from '../api/index.ts';
import {
  FileSource,
  fileSink,
  generatorSource,
  jsonLines,
  type Sink,
} from '../connectors/index.ts';
import type { Diagnosis } from '../jobmaster/index.ts';
import { OutputTag } from '../operators/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { TumblingEventTimeWindows } from '../windowing/index.ts';
import { diagnoseAt, findingOf, type PartitionRecord, partitions } from './diagnosis-run.ts';

function numbers(env: StreamExecutionEnvironment, ratePerSecond = 100) {
  const source = generatorSource({ generate: (n) => ({ k: n % 8, n }), ratePerSecond });
  return env.fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers');
}

describe('a diagnosis of a job without faults', () => {
  it('finds none in one that puts out, and says where print writes', async () => {
    const diagnosis = await diagnoseAt((env) => {
      numbers(env).print();
    });
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'healthy');
    const { summary } = diagnosis;
    assert.match(summary, /^Nothing is wrong: "Sink: print" got [\d,]+ records, now 100\/s/);
    assert.match(diagnosis.summary, /output of the cluster/);
  });

  it('finds none in one that keeps a part and has finished', async () => {
    const diagnosis = await diagnoseAt((env) => {
      env
        .fromSequence(1, 1000)
        .filter((n) => n % 2 === 0)
        .print();
    });
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'ended');
    assert.match(diagnosis.summary, /^The job has finished: "Sink: print" got 500 records/);
  });

  it('finds none in keyed state, unions and side outputs that nobody uses', async () => {
    const late = new OutputTag<PartitionRecord>('late');
    const diagnosis = await diagnoseAt(
      (env) => {
        const strategy = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();
        const a = env.fromSource(partitions([{ id: 'a', everyMs: 50 }]), strategy, 'a');
        const b = env.fromSource(partitions([{ id: 'b', everyMs: 50 }]), strategy, 'b');
        const windows = a
          .union(b)
          .keyBy('key')
          .window(TumblingEventTimeWindows.of(1000))
          .sideOutputLateData(late)
          .reduce((one) => one);
        windows.getSideOutput(late).print('late');
        windows.print();
      },
      { configuration: { 'execution.checkpointing.interval': '1 s' } },
    );
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'healthy');
  });
});

describe('a diagnosis of records that stop', () => {
  it('names a filter that lets nothing pass', async () => {
    const diagnosis = await diagnoseAt((env) => {
      numbers(env)
        .filter(({ n }) => n < 0)
        .name('negative ones')
        .print();
    });
    const finding = findingOf(diagnosis, 'FILTER_PASSES_NOTHING');
    assert.equal(diagnosis.verdict, 'blocked');
    assert.equal(diagnosis.findings.length, 1);
    assert.match(diagnosis.summary, /^"negative ones" took [\d,]+ records and let none pass/);
    assert.ok(Number(finding.evidence.numRecordsIn) > 500);
  });

  it('names it in a job that has finished', async () => {
    const diagnosis = await diagnoseAt((env) => {
      env
        .fromSequence(1, 10)
        .filter((n) => n > 10)
        .print();
    });
    assert.equal(diagnosis.verdict, 'ended');
    assert.match(diagnosis.summary, /finished without output: "Filter" took 10 records/);
  });

  it('names a function behind a shuffle that collects nothing', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env)
          .keyBy('k')
          .flatMap(() => undefined)
          .name('Split')
          .map((one) => one)
          .print();
      },
      { parallelism: 2 },
    );
    const finding = findingOf(diagnosis, 'OPERATOR_EMITS_NOTHING');
    assert.equal(finding.operator, 'Split');
    assert.match(finding.advice, /out\.collect/);
  });

  it('tells of a silent branch beside one that puts out, and calls neither broken', async () => {
    const diagnosis = await diagnoseAt((env) => {
      const all = numbers(env);
      all.filter(({ n }) => n < 0).print('alerts');
      all.print();
    });
    assert.equal(findingOf(diagnosis, 'FILTER_PASSES_NOTHING').severity, 'info');
    assert.equal(diagnosis.verdict, 'healthy');
    assert.match(
      diagnosis.summary,
      /^Output comes: "Sink: print\(alerts\)" got 0 records and "Sink/,
    );
  });

  it('warns of a part of a job that puts nothing out, beside another that does', async () => {
    const diagnosis = await diagnoseAt((env) => {
      numbers(env)
        .filter(({ n }) => n < 0)
        .print('alerts');
      numbers(env).print();
    });
    assert.equal(findingOf(diagnosis, 'FILTER_PASSES_NOTHING').severity, 'warning');
    assert.equal(diagnosis.verdict, 'impaired');
  });

  it('says that all goes to a side output', async () => {
    const odd = new OutputTag<number>('odd');
    const diagnosis = await diagnoseAt((env) => {
      numbers(env)
        .process((value, ctx) => ctx.output(odd, value.n))
        .print();
    });
    assert.match(findingOf(diagnosis, 'ALL_TO_SIDE_OUTPUT').advice, /getSideOutput/);
  });

  it('names the input of a join that nothing comes by, and why', async () => {
    const diagnosis = await diagnoseAt((env) => {
      const none = numbers(env).filter(() => false);
      numbers(env)
        .connect(none)
        .keyBy('k', 'k')
        .process({ processElement1: () => undefined, processElement2: () => undefined })
        .name('Join')
        .print();
    });
    const finding = findingOf(diagnosis, 'INPUT_EMPTY');
    assert.equal(finding.input?.inputIndex, 1);
    assert.match(finding.sentence, /by its second, from "Filter", came no record/);
    assert.equal(findingOf(diagnosis, 'FILTER_PASSES_NOTHING').severity, 'error');
  });

  it('names a source whose partitions are empty', async () => {
    const diagnosis = await diagnoseAt((env) => {
      env
        .fromSource(
          partitions([{ id: 'a', everyMs: 0 }]),
          WatermarkStrategy.noWatermarks(),
          'clicks',
        )
        .print();
    });
    const finding = findingOf(diagnosis, 'SOURCE_READS_NOTHING');
    assert.match(finding.sentence, /"Source: clicks" has read no record for \d+ s: its split gave/);
    assert.equal(finding.evidence.splits, 1);
  });

  it('names a source that was given no split', async () => {
    const diagnosis = await diagnoseAt((env) => {
      env.fromSource(partitions([]), WatermarkStrategy.noWatermarks(), 'clicks').print();
    });
    const finding = findingOf(diagnosis, 'SOURCE_READS_NOTHING');
    assert.match(finding.sentence, /was given no split .* and waits for one/);
  });

  it('says that there was nothing to read, when the job has finished without it', async () => {
    const fileSystem = new MemoryFileSystem();
    await fileSystem.makeDirectory('/in');
    const diagnosis = await diagnoseAt(
      (env) => {
        env
          .fromSource(FileSource.forLines('/in'), WatermarkStrategy.noWatermarks(), 'lines')
          .print();
      },
      { fileSystem },
    );
    assert.equal(diagnosis.verdict, 'ended');
    assert.match(diagnosis.summary, /without output: "Source: lines" has read no record at all/);
  });

  it('says that nothing comes in any more', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        const source = partitions([{ id: 'a', everyMs: 100, untilMs: 2000 }]);
        env.fromSource(source, WatermarkStrategy.noWatermarks(), 'clicks').print();
      },
      { atMs: 30_000 },
    );
    assert.equal(diagnosis.verdict, 'waiting');
    assert.match(
      diagnosis.summary,
      /gave 21 records, and none in the last 28 s; before, some came about/,
    );
  });

  it('counts the late records that a window drops, and says which share', async () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();
    const diagnosis = await diagnoseAt((env) => {
      const timestampOf = (atMs: number): number => (atMs === 0 ? 3_600_000 : atMs);
      env
        .fromSource(partitions([{ id: 'a', everyMs: 100, timestampOf }]), strategy, 'clicks')
        .keyBy('key')
        .window(TumblingEventTimeWindows.of(1000))
        .reduce((a) => a)
        .name('Counts')
        .print();
    });
    const finding = findingOf(diagnosis, 'LATE_RECORDS_DROPPED');
    assert.equal(finding.severity, 'error');
    assert.equal(finding.operator, 'Counts');
    assert.match(finding.sentence, /dropped \d+ records \(9\d % of what came\) as late/);
    assert.match(finding.advice, /far in the future/);
  });

  it('counts those of an interval join, and says what keeps them', async () => {
    const strategy = WatermarkStrategy.forMonotonousTimestamps<PartitionRecord>();
    const diagnosis = await diagnoseAt((env) => {
      const timestampOf = (atMs: number): number => (atMs === 0 ? 3_600_000 : atMs);
      const source = partitions([{ id: 'a', everyMs: 100, timestampOf }]);
      const clicks = env.fromSource(source, strategy, 'clicks').keyBy('key');
      clicks
        .intervalJoin(clicks)
        .between(1, 9)
        .process(() => {})
        .name('Pairs')
        .print();
    });
    const finding = findingOf(diagnosis, 'LATE_RECORDS_DROPPED');
    assert.equal(finding.operator, 'Pairs');
    assert.match(finding.sentence, /\(9\d % of what came\) as late: the watermark had passed them/);
    assert.match(finding.advice, /of an interval join sideOutputLeftLateData/);
  });
});

describe('a diagnosis of output that is not visible', () => {
  const toFiles = (ratePerSecond?: number) => (env: StreamExecutionEnvironment) => {
    const sink = fileSink({ directory: '/out', format: jsonLines() });
    numbers(env, ratePerSecond).sinkTo(sink).name('files');
  };

  it('says that an exactly-once sink publishes nothing without checkpoints', async () => {
    const diagnosis = await diagnoseAt(toFiles(), { fileSystem: new MemoryFileSystem() });
    const finding = findingOf(diagnosis, 'NO_CHECKPOINTING');
    assert.equal(finding.severity, 'error');
    assert.match(finding.advice, /enableCheckpointing/);
    assert.equal(diagnosis.verdict, 'blocked');
  });

  it('says when the first checkpoint will publish it', async () => {
    const diagnosis = await diagnoseAt(toFiles(), {
      fileSystem: new MemoryFileSystem(),
      configuration: { 'execution.checkpointing.interval': '10 min' },
    });
    const finding = findingOf(diagnosis, 'WAITS_FOR_CHECKPOINT');
    assert.match(finding.sentence, /begins in about 9 min 50 s \(every 10 min\)/);
    assert.equal(diagnosis.verdict, 'waiting');
  });

  it('finds nothing once checkpoints complete', async () => {
    const diagnosis = await diagnoseAt(toFiles(), {
      fileSystem: new MemoryFileSystem(),
      configuration: { 'execution.checkpointing.interval': '1 s' },
    });
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.verdict, 'healthy');
  });

  it('says that checkpoints fail, of what, and what that keeps back', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        const all = numbers(env);
        all
          .map((one) => one)
          .sinkTo(refusing)
          .name('database');
      },
      {
        atMs: 45_000,
        configuration: {
          'execution.checkpointing.interval': '1 s',
          'execution.checkpointing.tolerable-failed-checkpoints': 100,
        },
      },
    );
    const finding = findingOf(diagnosis, 'CHECKPOINTS_FAIL');
    assert.equal(finding.severity, 'error');
    assert.match(finding.sentence, /the snapshot cannot be taken/);
    assert.match(
      finding.sentence,
      /none has completed yet; until one does, "Sink: database" publishes/,
    );
    // `web.checkpoints.history` is 10.
    const { failedInARow, failed } = finding.evidence;
    assert.ok(Number(failedInARow) > 10, String(failedInARow));
    assert.equal(failedInARow, failed);
    assert.match(finding.sentence, new RegExp(`^the last ${failedInARow} checkpoints failed`));
  });

  it('names the subtask that a checkpoint waits for', async () => {
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env).rebalance().sinkTo(stuck).name('stuck');
      },
      {
        parallelism: 2,
        atMs: 60_000,
        configuration: { 'execution.checkpointing.interval': '1 s' },
      },
    );
    const finding = findingOf(diagnosis, 'CHECKPOINT_HANGS');
    assert.match(finding.sentence, /under way for \d+ s and waits for subtask 0 \(1\/2\) of "/);
    assert.ok(Number(finding.evidence.notAcknowledged) >= 2);
  });
});

const writer = {
  write: () => undefined,
  flush: () => undefined,
  close: () => undefined,
};
const committer = { commit: async () => undefined, close: () => undefined };

const refusing: Sink<unknown, string> = {
  name: 'database',
  guarantee: 'EXACTLY_ONCE',
  createWriter: () => ({
    ...writer,
    prepareCommit: () => [],
    snapshotState: () => {
      throw new Error('the snapshot cannot be taken');
    },
  }),
  createCommitter: () => committer,
};

/** Its writer never comes back. */
const stuck: Sink<unknown, string> = {
  name: 'stuck',
  guarantee: 'EXACTLY_ONCE',
  createWriter: () => ({
    ...writer,
    prepareCommit: () => [],
    suspension: () => new Promise(() => undefined),
  }),
  createCommitter: () => committer,
};

describe('a diagnosis of back-pressure', () => {
  it('names the sink that the others wait for', async () => {
    const time = new VirtualTime();
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env, 1_000_000).rebalance().sinkTo(slowSink(time));
      },
      { parallelism: 2, time },
    );
    const finding = findingOf(diagnosis, 'BACK_PRESSURE');
    assert.match(finding.sentence, /of its time for what "Sink: slow" writes to/);
  });

  const mostly = (n: number): number => (n % 10 === 0 ? n : 7);
  for (const { what, key, code, parallelism } of [
    { what: 'slow functions', key: (n: number) => n, code: 'BACK_PRESSURE', parallelism: 4 },
    { what: 'one frequent key', key: () => 7, code: 'SKEWED_KEYS', parallelism: 4 },
    { what: 'nine tenths of one key', key: mostly, code: 'SKEWED_KEYS', parallelism: 2 },
  ] as const) {
    it(`names the busy subtask behind ${what}`, async () => {
      const time = new VirtualTime();
      const diagnosis = await diagnoseAt(
        (env) => {
          const source = generatorSource({
            generate: (n) => ({ key: key(n), pad: 'x'.repeat(500) }),
          });
          env
            .fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers')
            .keyBy('key')
            .process((value, _ctx, out) => {
              // A call that takes a millisecond.
              time.advanceTo(time.nowEpochMs() + 1);
              out.collect(value);
            })
            .name('Slow')
            .print();
        },
        { parallelism, time, atMs: 30_000 },
      );
      const finding = findingOf(diagnosis, code);
      assert.match(finding.vertexName ?? '', /^Slow/);
      assert.match(finding.sentence, /"Source: numbers" waits .* of "Slow/);
    });
  }
});

describe('a diagnosis of calls that take long', () => {
  it('names the task whose records take it a third of a second each', async () => {
    const finding = findingOf(await diagnoseCallsOf(300), 'SLOW_TASK');
    assert.match(finding.vertexName ?? '', /-> Slow ->/);
    assert.match(finding.sentence, /each record takes it 3\d\d ms: [23]\.\d\/s is all/);
    assert.equal(finding.severity, 'warning');
  });

  it('accuses the slow vertex, not its caller, nor a filter that has seen little', async () => {
    const time = new VirtualTime();
    const diagnosis = await diagnoseAt(
      (env) => {
        numbers(env, 10_000)
          .keyBy('k')
          .map((value) => {
            time.advanceTo(time.nowEpochMs() + 300);
            return value;
          })
          .name('Write')
          .filter(({ n }) => n % 1000 === 999)
          .print();
      },
      { time, atMs: 40_000 },
    );
    const [first, second] = diagnosis.findings;
    assert.equal(first?.code, 'BACK_PRESSURE');
    assert.equal(first.vertexName, 'Write -> Filter -> Sink: print');
    assert.equal(second?.severity, 'info');
    assert.match(second.advice, /few records yet, for the job is slow/);
  });

  it('names the task of which nothing is heard, and since when', async () => {
    const finding = findingOf(await diagnoseCallsOf(60_000), 'TASK_DOES_NOT_ANSWER');
    assert.match(finding.sentence, /-> Slow -> .* has not answered for 1 min/);
    assert.equal(finding.subtaskIndex, 0);
  });

  it('accuses no task that has much to do', async () => {
    const { verdict, findings } = await diagnoseCallsOf(1);
    assert.deepEqual(findings, []);
    assert.equal(verdict, 'healthy');
  });
});

/** Of a job each of whose records takes so long. */
function diagnoseCallsOf(callMs: number): Promise<Diagnosis> {
  const time = new VirtualTime();
  return diagnoseAt(
    (env) => {
      numbers(env, 10_000)
        .map((value) => {
          time.advanceTo(time.nowEpochMs() + callMs);
          return value;
        })
        .name('Slow')
        .print();
    },
    { time, atMs: 40_000 },
  );
}

/** What it was given takes a second to write. */
function slowSink(time: VirtualTime): Sink<unknown> {
  return {
    name: 'slow',
    guarantee: 'AT_LEAST_ONCE',
    createWriter: () => {
      let count = 0;
      return {
        write: () => {
          count += 1;
        },
        suspension: () => {
          if (count === 0) return undefined;
          count = 0;
          return new Promise((resolve) => void time.schedule(1000, resolve));
        },
        flush: () => undefined,
        prepareCommit: () => [],
        close: () => undefined,
      };
    },
  };
}
