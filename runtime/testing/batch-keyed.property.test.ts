/**
 * Goal: a keyed job has the same final results in STREAMING and in BATCH, at any parallelism, where
 * its input has to be sorted on disk. Method: jobs over random events, out of order in time, with
 * results told by their definition.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryFileSystem } from '../adapters/index.ts';
import type { DataStream, StreamExecutionEnvironment } from '../api/index.ts';
import { CEP, Pattern } from '../cep/index.ts';
import type {
  Collector,
  JobType,
  KeyedProcessContext,
  KeyedProcessFunction,
  OnTimerContext,
  RuntimeContext,
} from '../operators/index.ts';
import { type ValueState, ValueStateDescriptor } from '../state/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { EventTimeSessionWindows, TumblingEventTimeWindows } from '../windowing/index.ts';
import { startJob } from './run-job.ts';

interface Ev {
  readonly key: string;
  readonly n: number;
  readonly ms: number;
  /** So that a few hundred events take more than the memory of a sorter. */
  readonly ballast: string;
}

type Events = readonly Ev[];

interface Scenario {
  readonly job: (left: DataStream<Ev>, right: DataStream<Ev>) => DataStream<string>;
  readonly expected: (left: Events, right: Events) => readonly string[];
  /** What is final of what STREAMING shows. @defaultValue all */
  readonly final?: (lines: readonly string[]) => readonly string[];
}

const byKey = ({ key }: Ev): string => key;
const groups = (events: Events, of: (event: Ev) => string): (readonly [string, Ev[]])[] => [
  ...Map.groupBy(events, of),
];
const inTime = (events: Events): Ev[] => events.toSorted((a, b) => a.ms - b.ms);
const total = (events: Events): number => events.reduce((sum, { n }) => sum + n, 0);

/** Events of a key at most `gapMs` apart. */
function sessionsOf(events: Events, gapMs: number): Ev[][] {
  const sessions: Ev[][] = [];
  for (const event of inTime(events)) {
    const open = sessions.at(-1);
    if (event.ms - (open?.at(-1)?.ms ?? Number.NEGATIVE_INFINITY) <= gapMs) open?.push(event);
    else sessions.push([event]);
  }
  return sessions;
}

function pairs(left: Events, right: Events, meet: (a: Ev, b: Ev) => boolean): string[] {
  return left.flatMap((a) =>
    right.flatMap((b) => (a.key === b.key && meet(a, b) ? [`${a.key} ${a.n}-${b.n}`] : [])),
  );
}

const lastSeen = new ValueStateDescriptor<number>('last', 0);

/** The sum of all of a key, told by a timer behind the last event. */
class SumByTimer implements KeyedProcessFunction<string, Ev, string> {
  #sum: ValueState<number> | undefined;

  open(ctx: RuntimeContext): void {
    this.#sum = ctx.getState(lastSeen);
  }

  processElement({ n }: Ev, ctx: KeyedProcessContext<string>): void {
    this.#sum?.update((this.#sum.value() ?? 0) + n);
    ctx.timerService.registerEventTimeTimer(1_000_000);
  }

  onTimer(timestampMs: number, ctx: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`${ctx.getCurrentKey()} ${this.#sum?.value()} at ${timestampMs}`);
  }
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'tumbling windows': {
    job: (left) =>
      left
        .keyBy(byKey)
        .window(TumblingEventTimeWindows.of(100))
        .process<string>((key, ctx, events, out) =>
          out.collect(`${key} ${ctx.window.start} ${total([...events])}`),
        ),
    expected: (left) =>
      groups(left, ({ key, ms }) => `${key} ${Math.floor(ms / 100) * 100}`).map(
        ([window, events]) => `${window} ${total(events)}`,
      ),
  },
  'session windows': {
    job: (left) =>
      left
        .keyBy(byKey)
        .window(EventTimeSessionWindows.withGap(20))
        .process<string>((key, ctx, events, out) =>
          out.collect(`${key} ${ctx.window.start} ${total([...events])}`),
        ),
    expected: (left) =>
      groups(left, byKey).flatMap(([key, events]) =>
        sessionsOf(events, 20).map((session) => `${key} ${session[0]?.ms} ${total(session)}`),
      ),
  },
  'a window join': {
    job: (left, right) =>
      left
        .join(right)
        .where(byKey)
        .equalTo(byKey)
        .window(TumblingEventTimeWindows.of(30))
        .apply((a, b) => `${a.key} ${a.n}-${b.n}`),
    expected: (left, right) =>
      pairs(left, right, (a, b) => Math.floor(a.ms / 30) === Math.floor(b.ms / 30)),
  },
  'an interval join': {
    job: (left, right) =>
      left
        .keyBy(byKey)
        .intervalJoin(right.keyBy(byKey))
        .between(-10, 10)
        .process<string>((a, b, _ctx, out) => out.collect(`${a.key} ${a.n}-${b.n}`)),
    expected: (left, right) => pairs(left, right, (a, b) => Math.abs(a.ms - b.ms) <= 10),
  },
  'a process function with a timer': {
    job: (left) => left.keyBy(byKey).process(new SumByTimer()),
    expected: (left) =>
      groups(left, byKey).map(([key, events]) => `${key} ${total(events)} at 1000000`),
  },
  patterns: {
    job: (left) =>
      CEP.pattern(
        left.keyBy(byKey),
        Pattern.begin<Ev>('small')
          .where(({ n }) => n % 100 < 20)
          .next('large')
          .where(({ n }) => n % 100 >= 80),
      ).select((match) => {
        const [small, large] = [match.get('small')?.[0], match.get('large')?.[0]];
        return `${small?.key} ${small?.n} ${large?.n}`;
      }),
    expected: (left) =>
      groups(left, byKey).flatMap(([key, events]) =>
        inTime(events).flatMap(({ n }, i, all) => {
          const next = all[i + 1]?.n ?? 0;
          return n % 100 < 20 && next % 100 >= 80 ? [`${key} ${n} ${next}`] : [];
        }),
      ),
  },
  'the last value of reduce': {
    job: (left) =>
      left
        .keyBy(byKey)
        .reduce(({ key, n, ms, ballast }, b) => ({ key, n: n + b.n, ms, ballast }))
        .map(({ key, n }) => `${key} ${n}`),
    expected: (left) => groups(left, byKey).map(([key, events]) => `${key} ${total(events)}`),
    final: (lines) => {
      const sums = lines.map((line) => line.split(' '));
      return [...Map.groupBy(sums, ([key]) => key)].map(
        ([key, of]) => `${key} ${Math.max(...of.map(([, sum]) => Number(sum)))}`,
      );
    },
  },
};

/** Distinct times out of order; keys and numbers that follow from them. */
const events = (name: string): fc.Arbitrary<Events> =>
  fc
    .tuple(
      fc.uniqueArray(fc.nat(4_000), { minLength: 150, maxLength: 400 }),
      fc.constantFrom(1, 7, 60),
    )
    .map(([times, keys]) =>
      times.map((ms, i) => ({
        key: `${name}${(ms * 7 + i) % keys}`,
        n: i * 100 + ((ms * 31) % 100),
        ms,
        ballast: 'x'.repeat(200),
      })),
    );

function stream(env: StreamExecutionEnvironment, some: Events): DataStream<Ev> {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Ev>(10_000);
  return env
    .fromData([...some])
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner(({ ms }) => ms));
}

/** Counts files of sorted input. */
class CountingFiles extends MemoryFileSystem {
  spilled = 0;

  override openWrite(path: string): ReturnType<MemoryFileSystem['openWrite']> {
    if (path.includes('sluice-sort')) this.spilled += 1;
    return super.openWrite(path);
  }
}

async function linesOf(
  { job }: Scenario,
  [left, right]: readonly [Events, Events],
  parallelism: number,
  jobType: JobType,
): Promise<readonly string[]> {
  const fileSystem = new CountingFiles();
  const { outcome } = await startJob(
    (env) => {
      job(stream(env, left), stream(env, right)).print();
    },
    {
      ...{ parallelism, fileSystem },
      configuration: {
        'execution.runtime-mode': jobType,
        'execution.sorted-inputs.memory': '16 kb',
        'io.tmp.dirs': '/spill',
      },
    },
  );
  const { result, printed } = await outcome;
  assert.equal(result.status, 'FINISHED', result.error?.message);
  if (jobType === 'BATCH' && parallelism === 1) assert.ok(fileSystem.spilled > 0, 'it spills');
  assert.deepEqual(fileSystem.paths(), []);
  return printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\d+> /, ''));
}

describe('a keyed job in BATCH', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it(`gives the final results of STREAMING at parallelism 1, 2 and 5: ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(events('k'), events('k'), async (left, right) => {
          const { expected, final = (lines) => lines } = scenario;
          const told = expected(left, right).toSorted();
          const streamed = await linesOf(scenario, [left, right], 1, 'STREAMING');
          assert.deepEqual(final(streamed).toSorted(), told);
          for (const parallelism of [1, 2, 5]) {
            const sorted = await linesOf(scenario, [left, right], parallelism, 'BATCH');
            assert.deepEqual(sorted.toSorted(), told, `parallelism ${parallelism}`);
          }
        }),
        { numRuns: 4, interruptAfterTimeLimit: 15_000, endOnFailure: true },
      );
    });
  }
});
