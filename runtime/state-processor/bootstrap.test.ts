/** Goal: a job starts from state that was made. Method: bootstrapped savepoints, jobs that go on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  KeyedStream,
  SingleOutputStreamOperator,
  StreamExecutionEnvironment,
} from '../api/index.ts';
import { verifySavepoint } from '../checkpoint/index.ts';
import type {
  CheckpointedFunction,
  FunctionInitializationContext,
  KeyedProcessFunction,
  MapFunction,
} from '../operators/index.ts';
import {
  type ListState,
  ListStateDescriptor,
  type MapStateDescriptor,
  ReducingStateDescriptor,
} from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import {
  CountEvictor,
  CountTrigger,
  EventTimeSessionWindows,
  GlobalWindows,
  TumblingEventTimeWindows,
} from '../windowing/index.ts';
import type {
  BroadcastStateBootstrapContext,
  StateBootstrapFunction,
} from './bootstrap-functions.ts';
import {
  type KeyedOperatorTransformation,
  OperatorTransformation,
  type StateBootstrapTransformation,
} from './operator-transformation.ts';
import { linesOf, ProcessorWorld } from './processor-world.conformance.ts';
import { COUNT, expectedKey, indexesByKey, keyOf, RULES, tick } from './round-trip.fixture.ts';
import type { SavepointReader } from './savepoint-reader.ts';
import { SavepointWriter } from './savepoint-writer.ts';
import { ReadEverything, readWindow, WriteEverything } from './test-world.fixture.ts';

interface Timed {
  readonly key: string;
  readonly index: number;
  readonly atMs: number;
}

const timed = (index: number): Timed => ({ key: keyOf(index), index, atMs: index * 10 });
const RECORDS = Array.from({ length: 60 }, (_, index) => timed(index));
const ITEMS = new ListStateDescriptor<number>('items');
const SHARED = new ListStateDescriptor<string>('shared');

/** Goes on from a state, and says what it found. */
function countOn(env: StreamExecutionEnvironment, uid: string): void {
  const fn: KeyedProcessFunction<string, Timed, string> & { count?: { value(): number } } = {
    open(ctx) {
      this.count = ctx.getState(COUNT);
    },
    processElement({ key }, _ctx, out) {
      out.collect(`${key} ${this.count?.value()}`);
    },
    onTimer(timestampMs, ctx, out) {
      out.collect(`timer ${timestampMs} ${ctx.getCurrentKey()}`);
    },
  };
  const first = RECORDS.slice(0, 7);
  env.fromData(first).uid('data').keyBy('key').process(fn).uid(uid).print();
}

/** A window job over records that come after the bootstrapped ones. */
function withTimes(env: StreamExecutionEnvironment, records: readonly Timed[]) {
  const strategy = WatermarkStrategy.forMonotonousTimestamps<Timed>();
  return env
    .fromData(records)
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner(({ atMs }) => atMs))
    .setParallelism(1)
    .keyBy('key');
}

class WriteItems implements StateBootstrapFunction<number> {
  #items: ListState<number> | undefined;
  #shared: ListState<string> | undefined;

  initializeState({ operatorState }: FunctionInitializationContext): void {
    this.#items = operatorState.getListState(ITEMS);
    this.#shared = operatorState.getUnionListState(SHARED);
  }

  snapshotState(): void {
    this.#shared?.update(['one', 'two']);
  }

  processElement(value: number): void {
    this.#items?.add(value);
  }
}

/** Prints what it was restored with. */
class ShowItems implements MapFunction<number, string>, CheckpointedFunction {
  #found = '';

  initializeState({ operatorState }: FunctionInitializationContext): void {
    const items = [...operatorState.getListState(ITEMS).get()];
    this.#found = `${items} of ${[...operatorState.getUnionListState(SHARED).get()]}`;
  }

  snapshotState(): void {}

  map(): string {
    return this.#found;
  }
}

for (const parallelism of [1, 2, 5]) {
  describe(`a bootstrapped savepoint, parallelism ${parallelism}`, () => {
    it('has keyed state of all kinds and timers, from which a job goes on', async () => {
      const world = new ProcessorWorld();
      await world.run((env) => {
        const ticks = env.fromSequence(0, 59).setParallelism(1).map(tick).setParallelism(1);
        SavepointWriter.newSavepoint(env, 64)
          .withOperator(
            'all',
            OperatorTransformation.bootstrapWith(ticks)
              .keyBy('key')
              .transform(new WriteEverything()),
          )
          .write('/made');
      }, parallelism);
      await verifySavepoint(world.blobs, '/made');
      const expected = [...indexesByKey(60)].map(([key, all]) => expectedKey(key, all));
      const read = await world.read('/made', (from) =>
        from.readKeyedState('all', new ReadEverything()),
      );
      assert.deepEqual(read, expected.map((one) => JSON.stringify(one)).sort());
      const job = (env: StreamExecutionEnvironment) => {
        env.setMaxParallelism(64);
        countOn(env, 'all');
      };
      const { printed } = await world.run(job, parallelism === 5 ? 3 : 5, '/made');
      const lines = linesOf(printed);
      for (const [key, indexes] of indexesByKey(60)) {
        assert.ok(lines.includes(`${key} ${indexes.length}`), printed);
        assert.ok(lines.includes(`timer 1000000 ${key}`));
      }
    });

    it('has lists, union lists and broadcast state', async () => {
      const world = new ProcessorWorld();
      await world.run((env) => {
        const rules = env.fromData(['a', 1] as const, ['b', 2] as const);
        SavepointWriter.newSavepoint(env, 64)
          .withOperator(
            'lists',
            OperatorTransformation.bootstrapWith(env.fromSequence(1, 10)).transform(
              new WriteItems(),
            ),
          )
          .withOperator(
            'rules',
            OperatorTransformation.bootstrapWith(rules).transform({
              processElement: (
                [name, value]: readonly [string, number],
                ctx: BroadcastStateBootstrapContext,
              ) => ctx.getBroadcastState(RULES).put(name, value),
            }),
          )
          .write('/made');
      }, parallelism);
      const rules = await world.read('/made', (r) => r.readBroadcastState('rules', 'rules'));
      assert.deepEqual(rules, ['["a",1]', '["b",2]']);
      const job = (env: StreamExecutionEnvironment) => {
        const numbers = env.fromSequence(1, 100).uid('n');
        numbers.map(new ShowItems()).uid('lists').print();
        numbers
          .connect(
            env.fromData(1).broadcast(RULES as unknown as MapStateDescriptor<unknown, unknown>),
          )
          .process<string>({
            processElement: (_, ctx, out) => {
              const entries = [...ctx.getBroadcastState(RULES).immutableEntries()];
              out.collect(`rules ${entries}`);
            },
            processBroadcastElement: () => {},
          })
          .uid('rules')
          .print();
      };
      const { printed } = await world.run(job, parallelism, '/made');
      const lines = new Set(linesOf(printed));
      const shares = [...lines].filter((line) => line.endsWith('of one,two'));
      const items = shares.flatMap((line) => line.split(' ')[0]?.split(',').map(Number));
      const inOrder = items.sort((a = 0, b = 0) => a - b);
      assert.deepEqual(inOrder, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.ok(lines.has('rules a,1,b,2'));
    });
  });
}

describe('bootstrapped windows', () => {
  /** Writes the first half, and runs the job over the second half from it. */
  async function halves(
    build: (keyed: KeyedStream<Timed, string>) => SingleOutputStreamOperator<string>,
    bootstrap: (
      keyed: KeyedOperatorTransformation<Timed, string>,
    ) => StateBootstrapTransformation<Timed>,
  ): Promise<void> {
    const world = new ProcessorWorld();
    const half = RECORDS.slice(0, 33);
    await world.run((env) => {
      const stream = OperatorTransformation.bootstrapWith(env.fromData(half))
        .assignTimestamps(({ atMs }) => atMs)
        .keyBy(({ key }) => key);
      SavepointWriter.newSavepoint(env, 128)
        .withOperator('windows', bootstrap(stream))
        .write('/made');
    }, 2);
    const straight = await world.run((env) => {
      build(withTimes(env, RECORDS)).uid('windows').print();
    }, 1);
    const rest = await world.run(
      (env) => {
        build(withTimes(env, RECORDS.slice(33)))
          .uid('windows')
          .print();
      },
      2,
      '/made',
    );
    assert.deepEqual(linesOf(rest.printed), linesOf(straight.printed));
    assert.ok(rest.printed.length > 0);
  }

  const show = (
    key: string,
    _ctx: unknown,
    all: Iterable<Timed>,
    out: { collect(value: string): void },
  ): void => out.collect(`${key} ${Array.from(all, ({ index }) => index)}`);
  const last = (_: Timed, next: Timed): Timed => next;

  it('fire in the job as if it had seen all records: plain ones and sessions', async () => {
    const large = TumblingEventTimeWindows.of(1000);
    await halves(
      (keyed) =>
        keyed
          .window(large)
          .reduce(last)
          .map(({ index }) => `${index}`),
      (keyed) => keyed.window(large).reduce(last),
    );
    const sessions = EventTimeSessionWindows.withGap(100);
    await halves(
      (keyed) => keyed.window(sessions).process(show),
      (keyed) => keyed.window(sessions).process(show),
    );
  });

  it('have the state of their trigger, and all records before an evictor', async () => {
    await halves(
      (keyed) =>
        keyed
          .window(GlobalWindows.create())
          .trigger(CountTrigger.of(6))
          .evictor(CountEvictor.of(5))
          .process(show),
      (keyed) =>
        keyed
          .window(GlobalWindows.create())
          .trigger(CountTrigger.of(6))
          .evictor(CountEvictor.of(5))
          .process(show),
    );
  });

  it('are read with the state of their trigger', async () => {
    const world = new ProcessorWorld();
    const windows = TumblingEventTimeWindows.of(10_000);
    await world.run((env) => {
      const stream = OperatorTransformation.bootstrapWith(env.fromData(RECORDS))
        .assignTimestamps(({ atMs }) => atMs)
        .keyBy('key');
      SavepointWriter.newSavepoint(env, 128)
        .withOperator('w', stream.window(windows).trigger(CountTrigger.of(100)).process(show))
        .write('/made');
    }, 2);
    const read = await world.read('/made', (from: SavepointReader) =>
      from.window<Timed>(windows).process('w', readWindow),
    );
    const expected = [...indexesByKey(60)].map(([key, indexes]) =>
      JSON.stringify({ key, start: 0, end: 10_000, indexes, timers: [9_999] }),
    );
    assert.deepEqual(read, expected.sort());
  });

  it('that merge are read with the state of their trigger and function', async () => {
    const world = new ProcessorWorld();
    const sessions = EventTimeSessionWindows.withGap(100);
    await world.run((env) => {
      const stream = OperatorTransformation.bootstrapWith(env.fromData(RECORDS))
        .assignTimestamps(({ atMs }) => atMs)
        .keyBy('key');
      SavepointWriter.newSavepoint(env, 128)
        .withOperator('s', stream.window(sessions).trigger(CountTrigger.of(100)).process(show))
        .write('/made');
    }, 2);
    const counted = new ReducingStateDescriptor<number>('count', (a, b) => a + b);
    const read = await world.read('/made', (from: SavepointReader) =>
      from.window<Timed>(sessions).process<string, unknown>('s', (key, ctx, all, out) => {
        const { start, end } = ctx.window();
        const count = ctx.triggerState(counted).get();
        const timers = [...ctx.registeredEventTimeTimers()];
        out.collect([key, start, end, count, Array.from(all, ({ index }) => index), timers]);
      }),
    );
    const expected = [...indexesByKey(60)].map(([key, indexes]) => {
      const end = (indexes.at(-1) ?? 0) * 10 + 100;
      return [key, (indexes[0] ?? 0) * 10, end, indexes.length, indexes, [end - 1]];
    });
    assert.deepEqual(read, expected.map((one) => JSON.stringify(one)).sort());
    const results = await world.read('/made', (from: SavepointReader) =>
      from.window<Timed>(sessions).process('s', readWindow),
    );
    assert.equal(results.length, expected.length);
  });

  it('are read as results without a reader', async () => {
    const world = new ProcessorWorld();
    const count = {
      createAccumulator: () => 0,
      add: (_: Timed, held: number) => held + 1,
      getResult: (held: number) => `counted ${held}`,
    };
    const windows = TumblingEventTimeWindows.of(10_000);
    await world.run((env) => {
      const stream = OperatorTransformation.bootstrapWith(env.fromData(RECORDS))
        .assignTimestamps(({ atMs }) => atMs)
        .keyBy('key');
      SavepointWriter.newSavepoint(env, 128)
        .withOperator('plain', stream.window(windows).aggregate(count))
        .withOperator(
          'evicting',
          stream.window(windows).evictor(CountEvictor.of(3)).aggregate(count),
        )
        .write('/made');
    }, 2);
    const expected = [...indexesByKey(60)].map(([, all]) => `"counted ${all.length}"`).sort();
    const plain = await world.read('/made', (from: SavepointReader) =>
      from.window<Timed>(windows).aggregate('plain', count),
    );
    assert.deepEqual(plain, expected);
    const evicting = await world.read('/made', (from: SavepointReader) =>
      from.window<Timed>(windows).evictor().aggregate('evicting', count),
    );
    assert.deepEqual(evicting, expected);
  });
});
