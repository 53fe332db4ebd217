/**
 * Break-ins: three failed logins of a user in a row and then one that succeeds, all within ten
 * seconds. Those who gave up after three are reported apart.
 *
 *     npx sluice run examples/break-ins/job.ts
 */
import {
  type DataStream,
  OutputTag,
  type StreamExecutionEnvironment,
  WatermarkStrategy,
} from 'sluice';
import { AfterMatchSkipStrategy, CEP, Pattern, type PatternMatch } from 'sluice/cep';
import { parseOptions } from '../options.ts';
import { LOGINS } from './logins.ts';

export interface Login {
  readonly user: string;
  readonly ok: boolean;
  readonly atMs: number;
}

/** What was seen of a user, with the times of the failed logins. */
export interface Alert {
  readonly user: string;
  readonly failedMs: readonly number[];
  readonly inMs?: number;
}

const breakIn = Pattern.begin<Login>('failed', AfterMatchSkipStrategy.skipPastLastEvent())
  .where((login) => !login.ok)
  .times(3)
  .consecutive()
  .next('in')
  .where((login) => login.ok)
  .within('10 s');

const givenUp = new OutputTag<Alert>('given up');

export default async function breakIns(
  env: StreamExecutionEnvironment,
  args: readonly string[] = [],
): Promise<void> {
  parseOptions(args, {}, 'usage: sluice run examples/break-ins/job.ts');
  const logins = env
    .fromData(LOGINS)
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<Login>('5 s').withTimestampAssigner(
        (login) => login.atMs,
      ),
    );
  const alerts = findBreakIns(logins);
  alerts.print('break-in');
  alerts.getSideOutput(givenUp).print('given up');
  await env.execute('Break-ins');
}

/** An alert for each break-in. */
function findBreakIns(logins: DataStream<Login>) {
  return CEP.pattern(logins.keyBy('user'), breakIn)
    .process<Alert>({
      processMatch: (match, _ctx, out) => out.collect(alertOf(match)),
      processTimedOutMatch(match, ctx) {
        const alert = alertOf(match);
        if (alert.failedMs.length === 3) ctx.output(givenUp, alert);
      },
    })
    .name('break-ins')
    .uid('break-ins');
}

function alertOf(match: PatternMatch<Login>): Alert {
  const failed = match.get('failed') ?? [];
  const [success] = match.get('in') ?? [];
  return {
    user: failed[0]?.user ?? '',
    failedMs: failed.map(({ atMs }) => atMs),
    ...(success === undefined ? {} : { inMs: success.atMs }),
  };
}
