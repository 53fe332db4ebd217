import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DataStream, StreamExecutionEnvironment } from '../api/index.ts';
import { OutputTag } from '../operators/index.ts';
import { runJob } from '../testing/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { CEP, Pattern, type PatternMatch } from './index.ts';

interface Login {
  readonly user: string;
  readonly ok: boolean;
  readonly atMs: number;
}

const login = (user: string, ok: boolean, atMs: number): Login => ({ user, ok, atMs });
const LOGINS = [
  login('ann', false, 1000),
  login('bob', false, 1500),
  login('ann', false, 3000),
  login('ann', true, 4000),
  login('bob', true, 60_000),
  // Behind the one before, and in time.
  login('ann', false, 2000),
  login('eve', true, 200_000),
  login('eve', false, 100),
];

const breakIn = Pattern.begin<Login>('failed')
  .where(({ ok }) => !ok)
  .times(3)
  .consecutive()
  .next('in')
  .where(({ ok }) => ok)
  .within('10 s');

const show = (found: PatternMatch<Login>): string =>
  [...found].map(([name, logins]) => `${name} ${logins.map(({ atMs }) => atMs)}`).join(' ');

function logins(env: StreamExecutionEnvironment): DataStream<Login> {
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Login>('60 s');
  return env
    .fromData(LOGINS)
    .assignTimestampsAndWatermarks(strategy.withTimestampAssigner(({ atMs }) => atMs));
}

async function printed(
  job: (env: StreamExecutionEnvironment) => void,
  parallelism = 1,
): Promise<string[]> {
  const outcome = await runJob(job, { parallelism });
  equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
  const lines = outcome.printed.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/^\d+> /, '')).sort();
}

describe('CEP.pattern', () => {
  for (const parallelism of [1, 3]) {
    it(`finds the matches of each key at parallelism ${parallelism}`, async () => {
      const lines = await printed((env) => {
        const found = CEP.pattern(logins(env).keyBy('user'), breakIn);
        found.select((one) => `${one.get('in')?.[0]?.user}: ${show(one)}`).print();
      }, parallelism);
      deepEqual(lines, ['ann: failed 1000,2000,3000 in 4000']);
    });
  }

  it('searches a stream that is not keyed as a whole, in one subtask', async () => {
    const lines = await printed((env) => {
      const anyTwo = Pattern.begin<Login>('first')
        .where(({ user }) => user === 'bob')
        .next('second')
        .where(({ user }) => user === 'ann');
      CEP.pattern(logins(env), anyTwo).select(show).print();
    }, 3);
    deepEqual(lines, ['first 1500 second 2000']);
  });

  it('sends partial matches that timed out to the side output', async () => {
    const timedOut = new OutputTag<string>('timed out');
    const lines = await printed((env) => {
      const found = CEP.pattern(logins(env).keyBy('user'), breakIn).select(
        timedOut,
        (partial, ms) => `${show(partial)} at ${ms}`,
        show,
      );
      found.getSideOutput(timedOut).print();
    });
    deepEqual(lines, ['failed 100 at 10100', 'failed 1500 at 11500']);
  });

  it('sends any number of results for a partial match that timed out', async () => {
    const timedOut = new OutputTag<string>('timed out');
    const slow = Pattern.begin<Login>('failed')
      .where(({ user, ok }) => user === 'bob' && !ok)
      .followedBy('in')
      .where(({ ok }) => ok)
      .within('10 s');
    const late = await printed((env) => {
      const found = CEP.pattern(logins(env).keyBy('user'), slow).flatSelect(
        timedOut,
        (partial, ms, out) => out.collect(`late ${show(partial)} at ${ms}`),
        (one, out) => out.collect(show(one)),
      );
      found.getSideOutput(timedOut).print();
      found.print();
    });
    deepEqual(late, ['late failed 1500 at 11500']);
  });

  it('sends late events to the side output', async () => {
    const late = new OutputTag<Login>('late');
    const lines = await printed((env) => {
      const stream = env
        .fromData([login('ann', true, 5000), login('ann', false, 1000)])
        .assignTimestampsAndWatermarks(
          WatermarkStrategy.forGenerator<Login>(() => ({
            onEvent: (_event, timestampMs, output) => output.emitWatermark(timestampMs),
            onPeriodicEmit: () => {},
          })).withTimestampAssigner(({ atMs }) => atMs),
        );
      const found = CEP.pattern(stream.keyBy('user'), breakIn).sideOutputLateData(late);
      found.select(show).getSideOutput(late).print();
    });
    equal(lines.length, 1);
    match(lines[0] ?? '', /"atMs":1000/);
  });

  it('needs no timestamps in processing time', async () => {
    const lines = await printed((env) => {
      const pattern = Pattern.begin<number>('one')
        .where((value) => value === 1)
        .next('two');
      const found = CEP.pattern(env.fromData(1, 2, 3), pattern).inProcessingTime();
      found.process((one, _ctx, out) => out.collect([...one.values()].flat().join())).print();
    });
    deepEqual(lines, ['1,2']);
  });

  it('narrows events to the type that a condition tells', () => {
    type Event = { readonly kind: 'a'; readonly x: number } | { readonly kind: 'b' };
    const isA = (event: Event): event is Event & { readonly kind: 'a' } => event.kind === 'a';
    // That this compiles is the test: `x` is there after the guard.
    const pattern = Pattern.begin<Event>('a')
      .subtype(isA)
      .where(({ x }) => x > 1)
      .next('b');
    equal(pattern.getName(), 'b');
  });

  it('refuses what is no stream and no pattern, and patterns that never end', async () => {
    const wrong = {} as never;
    throws(() => CEP.pattern(wrong, breakIn), { code: 'INVALID_ARGUMENT' });
    await runJob((env) => {
      const stream = logins(env);
      stream.print();
      throws(() => CEP.pattern(stream, wrong), { code: 'INVALID_ARGUMENT' });
      const endless = Pattern.begin<Login>('a').notFollowedBy('b');
      throws(() => CEP.pattern(stream, endless), { code: 'MALFORMED_PATTERN' });
      const found = CEP.pattern(stream, breakIn);
      throws(() => found.select(wrong), { code: 'INVALID_FUNCTION' });
      throws(() => found.process(wrong), { code: 'INVALID_FUNCTION' });
      throws(() => found.sideOutputLateData(wrong), { code: 'INVALID_ARGUMENT' });
    });
  });
});
