/**
 * The chaos test: see `scripts/chaos.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../../scripts/build.ts';
import { checkOutput } from './check-output.ts';
import { ClusterSystem } from './cluster-system.ts';
import { EmbeddedSystem } from './embedded-system.ts';
import { type Action, actionText, type Mode, planRound, type RoundPlan } from './plan.ts';
import { type SystemUnderTest, sleep, Workshop } from './system.ts';

interface Options {
  readonly rounds: number;
  readonly firstSeed: number;
  readonly mode: Mode;
  /** Keeps the directories of all rounds. */
  readonly keep: boolean;
}

const USAGE = 'usage: npm run chaos -- --rounds <n> [--seed <n>] [--embedded] [--keep]';

function parseChaosArguments(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seed: { type: 'string' },
      embedded: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const { rounds, seed = String(Date.now() % 1_000_000), embedded, keep } = values;
  for (const text of [rounds, seed]) {
    if (!/^\d{1,9}$/.test(text)) throw new Error(`no whole number: ${text}; ${USAGE}`);
  }
  return {
    rounds: Number(rounds),
    firstSeed: Number(seed),
    mode: embedded ? 'embedded' : 'cluster',
    keep,
  };
}

interface RoundResult {
  readonly faults: readonly string[];
  readonly alertCount: number;
}

async function runRound(plan: RoundPlan, workshop: Workshop, done: string[]): Promise<RoundResult> {
  const system: SystemUnderTest =
    plan.mode === 'cluster'
      ? new ClusterSystem(plan, workshop)
      : new EmbeddedSystem(plan, workshop);
  try {
    await system.start();
    for (const { afterMs, action } of plan.steps) {
      await sleep(afterMs);
      if (await system.isFinished()) break;
      const note = await perform(action, system, workshop);
      done.push(note === undefined ? actionText(action) : `${actionText(action)}: ${note}`);
    }
    workshop.mendDisk();
    workshop.withdrawThreadOrders();
    const events = await system.end();
    return await checkOutput(workshop.output, plan.seed, events);
  } catch (thrown) {
    const state = await system.describe().catch((error: unknown) => String(error));
    writeFileSync(join(workshop.directory, 'state.json'), JSON.stringify(state, undefined, 1));
    throw thrown;
  } finally {
    workshop.mendDisk();
    await system.abandon();
  }
}

async function perform(
  action: Action,
  system: SystemUnderTest,
  workshop: Workshop,
): Promise<string | undefined> {
  switch (action.type) {
    case 'kill-thread':
      workshop.killThread(action.how);
      return undefined;
    case 'break-disk':
      workshop.breakDisk(action.fault, action.durationMs);
      return undefined;
    default:
      return await system.perform(action);
  }
}

async function main({ rounds, firstSeed, mode, keep }: Options): Promise<boolean> {
  const startedAtMs = Date.now();
  const root = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  let [failed, alerts] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const plan = planRound(firstSeed + round, mode);
    const directory = join(root, `seed-${plan.seed}`);
    mkdirSync(directory);
    const done: string[] = [];
    const roundStartedAtMs = Date.now();
    const result = await runRound(plan, new Workshop(directory), done).catch((thrown: unknown) => ({
      alertCount: 0,
      faults: [thrown instanceof Error ? thrown.message : String(thrown)],
    }));
    const seconds = ((Date.now() - roundStartedAtMs) / 1000).toFixed(1);
    const isRight = result.faults.length === 0;
    alerts += result.alertCount;
    print(
      `seed ${plan.seed} ${isRight ? 'ok' : 'FAILED'} ${result.alertCount} alerts ${seconds} s ` +
        `p=${plan.parallelism} interval=${plan.checkpointIntervalMs}ms` +
        `${plan.unaligned ? ' unaligned' : ''}: ${done.join(', ')}`,
    );
    if (isRight) {
      if (!keep) rmSync(directory, { recursive: true, force: true });
      continue;
    }
    failed += 1;
    for (const fault of result.faults) print(`    ${fault}`);
    const flag = mode === 'embedded' ? ' --embedded' : '';
    print(`    again: npm run chaos -- --rounds 1 --seed ${plan.seed}${flag}; see ${directory}`);
  }
  if (failed === 0 && !keep) rmSync(root, { recursive: true, force: true });
  if (keep) print(`kept: ${root}`);
  const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(0);
  print(`${rounds} rounds (${mode}), ${failed} failed, ${alerts} alerts compared in ${seconds} s`);
  return failed === 0 && rounds > 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  const options = parseChaosArguments(process.argv.slice(2));
  await build();
  process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
