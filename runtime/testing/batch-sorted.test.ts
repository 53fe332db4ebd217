/**
 * Goal: the input of keyed operators in BATCH comes sorted, one key is in memory at a time, and
 * nothing stays on disk. Method: jobs run in one thread, their files in memory.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryFileSystem } from '../adapters/index.ts';
import {
  type DataStream,
  type KeyedStream,
  type StreamExecutionEnvironment,
  transform,
} from '../api/index.ts';
import { MIN_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import {
  type Collector,
  type KeyedProcessFunction,
  keyedProcessOperator,
  type OneInputFactory,
  type ProcessContext,
} from '../operators/index.ts';
import { type MapState, MapStateDescriptor } from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { type RunJobOptions, startJob } from './run-job.ts';

interface Ev {
  readonly key: string;
  readonly ms: number;
  readonly ballast?: string;
}

const byKey = ({ key }: Ev): string => key;
const KEYS = 40;
/** More than the memory of a sorter, its keys mixed. */
const MANY = Array.from(
  { length: 2_000 },
  (_, i): Ev => ({ key: `k${(i * 17) % KEYS}`, ms: 2_000 - i, ballast: 'x'.repeat(50) }),
);
const SMALL = { 'execution.sorted-inputs.memory': '16 kb', 'io.tmp.dirs': '/spill' };

/** Nothing is stored between stages. */
const TOGETHER = { ...SMALL, 'execution.batch-shuffle-mode': 'ALL_EXCHANGES_PIPELINED' };

function stream(env: StreamExecutionEnvironment, some: readonly Ev[]): DataStream<Ev> {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Ev>(10_000);
  return env
    .fromData([...some])
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner(({ ms }) => ms));
}

async function batch(
  job: (env: StreamExecutionEnvironment) => void,
  { configuration = SMALL, ...options }: RunJobOptions = {},
) {
  const inBatch = { 'execution.runtime-mode': 'BATCH', ...configuration };
  const { outcome } = await startJob(job, { configuration: inBatch, ...options });
  const { result, printed } = await outcome;
  return { result, lines: printed.split('\n').filter((line) => line !== '') };
}

/** The operator of a process function, told after each record how many entries are alive. */
function watched<T>(
  keyed: KeyedStream<T, string>,
  fn: KeyedProcessFunction<string, T, string>,
  onEntries: (count: number) => void,
): DataStream<string> {
  const factory: OneInputFactory<T, string> = (ctx, output) => {
    const operator = keyedProcessOperator(fn, keyed.keySelector)(ctx, output);
    const backend = ctx.keyedState();
    const { processElement } = operator;
    return Object.assign(operator, {
      processElement: (value: T, timestampMs: number, keyGroup: number): void => {
        processElement.call(operator, value, timestampMs, keyGroup);
        onEntries(backend.tables().reduce((sum, { size }) => sum + size, 0));
      },
    });
  };
  return transform(keyed.upstream, 'Watched', factory, { keyed: true });
}

/** Keeps every time of its key, and has a timer. */
function keepTimes(): KeyedProcessFunction<string, Ev, string> {
  let times: MapState<number, number>;
  return {
    open: (ctx) => {
      times = ctx.getMapState(new MapStateDescriptor<number, number>('times'));
    },
    processElement: ({ ms }, ctx) => {
      times.put(ms, ms);
      ctx.timerService.registerEventTimeTimer(10_000);
    },
    onTimer: (_ms, ctx, out) => out.collect(`${ctx.getCurrentKey()} ${[...times.keys()].length}`),
  };
}

describe('sorted inputs', () => {
  it('come key by key, in order of time, and the watermark behind the last', async () => {
    const seen: string[] = [];
    const { result } = await batch((env) => {
      stream(env, MANY)
        .keyBy(byKey)
        .process<string>(({ key, ms }, ctx, out) => {
          assert.equal(ctx.timerService.currentWatermark(), MIN_TIMESTAMP_MS);
          out.collect(`${key} ${String(ms).padStart(4, '0')}`);
        })
        .process<string>((line, ctx) => {
          assert.equal(ctx.timerService.currentWatermark(), MIN_TIMESTAMP_MS);
          seen.push(line);
        })
        .print();
    });
    assert.equal(result.status, 'FINISHED', result.error?.message);
    assert.equal(seen.length, MANY.length);
    assert.deepEqual(seen, seen.toSorted());
  });

  it('of two keyed streams come together: by key, then time, then side', async () => {
    const show = ({ ms }: Ev, side: string, ctx: ProcessContext, out: Collector<string>): void => {
      assert.equal(ctx.timestamp, ms);
      out.collect(`${side}${ms}`);
    };
    const { lines } = await batch((env) => {
      const left = stream(env, [{ key: 'b', ms: 2 }, ...twice('a', 5, 1)]);
      const right = stream(env, [{ key: 'b', ms: 1 }, ...twice('a', 3, 5)]);
      left
        .keyBy(byKey)
        .connect(right.keyBy(byKey))
        .process<string>({
          processElement1: (event, ctx, out) => show(event, `${event.key} left `, ctx, out),
          processElement2: (event, ctx, out) => show(event, `${event.key} right `, ctx, out),
        })
        .print();
    });
    assert.deepEqual(lines, [
      ...['a left 1', 'a right 3', 'a left 5', 'a right 5'],
      ...['b right 1', 'b left 2'],
    ]);
  });

  it('come behind all of a broadcast stream', async () => {
    const rules = new MapStateDescriptor<string, number>('rules');
    const { lines } = await batch((env) => {
      const numbers = env.fromData([...Array(300).keys()]);
      stream(env, twice('a', 1, 2))
        .keyBy(byKey)
        .connect(numbers.broadcast(rules))
        .process<string>({
          processElement: ({ ms }, ctx, out) =>
            out.collect(`${ms}: ${[...ctx.getBroadcastState(rules).keys()].length} rules`),
          processBroadcastElement: (n, ctx) => ctx.getBroadcastState(rules).put(`r${n}`, n),
        })
        .print();
    });
    assert.deepEqual(lines, ['1: 300 rules', '2: 300 rules']);
  });

  it('of windows over all records come in order of time', async () => {
    const { lines } = await batch((env) => {
      stream(env, [...twice('a', 9, 3), ...twice('b', 7, 5)])
        .countWindowAll(4)
        .process<string>((_ctx, events, out) =>
          out.collect([...events].map(({ ms }) => ms).join(' ')),
        )
        .print();
    });
    assert.deepEqual(lines, ['3 5 7 9']);
  });
});

function twice(key: string, ...times: readonly number[]): Ev[] {
  return times.map((ms) => ({ key, ms }));
}

describe('keyed state of a job in BATCH', () => {
  const perKey = MANY.length / KEYS;

  for (const [what, more, bound] of [
    ['is of one key at a time, though all of it is larger than the memory', {}, perKey + 1],
    [
      'is of all keys where neither sorting nor the state of one key is wanted',
      {
        'execution.sorted-inputs.enabled': false,
        'execution.batch-state-backend.enabled': false,
      },
      MANY.length + KEYS,
    ],
    [
      'is of all keys where only sorting is wanted',
      { 'execution.batch-state-backend.enabled': false },
      MANY.length + KEYS,
    ],
  ] as const) {
    it(what, async () => {
      let most = 0;
      const { result, lines } = await batch(
        (env) => {
          const keyed = stream(env, MANY).keyBy(byKey);
          watched(keyed, keepTimes(), (count) => {
            most = Math.max(most, count);
          }).print();
        },
        { configuration: { ...SMALL, ...more } },
      );
      assert.equal(result.status, 'FINISHED', result.error?.message);
      assert.equal(most, bound);
      const expected = Array.from({ length: KEYS }, (_, i) => `k${i} ${perKey}`);
      assert.deepEqual(lines.toSorted(), expected.toSorted());
    });
  }

  it('needs sorted inputs', async () => {
    const configuration = { 'execution.sorted-inputs.enabled': false };
    const { result } = await batch((env) => stream(env, MANY).keyBy(byKey).max('ms').print(), {
      configuration,
    });
    assert.equal(result.error?.code, 'BATCH_STATE_NEEDS_SORTED_INPUTS');
    assert.match(result.error?.message ?? '', /execution\.batch-state-backend\.enabled to false/);
  });
});

describe('files of sorted inputs', () => {
  const failing = new Error('not this one');

  it('are gone when the job fails in the middle of what was sorted', async () => {
    const fileSystem = new SpillFiles();
    const { result } = await batch(
      (env) =>
        stream(env, MANY)
          .keyBy(byKey)
          .process<string>(({ key }) => {
            if (key === 'k7') throw failing;
          })
          .print(),
      { fileSystem },
    );
    assert.match(result.error?.message ?? '', /not this one/);
    assert.ok(fileSystem.written > 1, 'it spills');
    assert.deepEqual([fileSystem.paths(), fileSystem.openFiles], [[], 0]);
  });

  it('are gone when the job is cancelled while it sorts', async () => {
    const fileSystem = new SpillFiles();
    const { master, outcome } = await startJob(
      (env) => {
        stream(env, MANY).keyBy(byKey).max('ms').print();
      },
      { configuration: { 'execution.runtime-mode': 'BATCH', ...SMALL }, fileSystem },
    );
    fileSystem.onWrite = () => master.cancel();
    assert.equal((await outcome).result.status, 'CANCELED');
    assert.ok(fileSystem.written >= 1, 'it spills');
    assert.deepEqual([fileSystem.paths(), fileSystem.openFiles], [[], 0]);
  });

  it('take no record that cannot be written, and say which field it is', async () => {
    const { result } = await batch(
      (env) => {
        env
          .fromData([1, 2])
          .map((n) => ({ n, show: () => n }))
          .keyBy('n')
          .process<string>(() => undefined)
          .name('Shown')
          .print();
      },
      { configuration: TOGETHER },
    );
    assert.equal(result.error?.code, 'VALUE_NOT_ENCODABLE');
    assert.match(result.error?.message ?? '', /field show is a function.*operator="Shown"/);
  });

  it('that cannot be written fail the job, with operator, directory and remedy', async () => {
    const fileSystem = new SpillFiles();
    fileSystem.onWrite = () => {
      throw new StreamError({
        kind: 'invalid',
        code: 'FILE_NOT_WRITABLE',
        message: 'no space left on device',
      });
    };
    const { result } = await batch(
      (env) => stream(env, MANY).keyBy(byKey).max('ms').name('Latest').print(),
      { fileSystem, configuration: TOGETHER },
    );
    const message = result.error?.message ?? '';
    assert.equal(result.error?.code, 'SORT_WITHOUT_SPACE', message);
    for (const part of ['operator=Latest', 'directory=/spill', 'io.tmp.dirs', 'free space']) {
      assert.ok(message.includes(part), message);
    }
  });
});

class SpillFiles extends MemoryFileSystem {
  written = 0;
  onWrite = (): void => undefined;

  override async openWrite(path: string): ReturnType<MemoryFileSystem['openWrite']> {
    if (path.startsWith('/spill/')) {
      this.written += 1;
      this.onWrite();
    }
    return await super.openWrite(path);
  }
}
