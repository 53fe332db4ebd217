/** What a run on the emulator has called, and what the cost model expects of such a run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  COST_DEFAULTS,
  type CostInput,
  expectedCounts,
  memoryMbOf,
} from '../../../runtime/adapters/aws/cost/index.ts';
import { planJob } from '../../../runtime/adapters/index.ts';
import { Configuration } from '../../../runtime/core/index.ts';
import type { ExecutionGraph } from '../../../runtime/graph/index.ts';
import { bundleJob } from '../../../scripts/cli/bundle-job.ts';
import { engineExports, shareEngine } from '../../../scripts/cli/engine-modules.ts';
import { operatorsOfRun, parseRun } from '../../../scripts/cli/estimate-run.ts';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { clientsOf } from '../clients.ts';
import type { InjectingProxy } from '../injecting-proxy.ts';
import type { DeployedCluster } from './deployed-cluster.ts';
import { type ComparedClass, compareCalls, operationsText } from './request-classes.ts';

/** A program that takes in `count` records at `ratePerSecond`, and ends. */
export interface CountedProgram {
  readonly jobFile: string;
  readonly args: readonly string[];
  readonly parallelism: number;
  readonly ratePerSecond: number;
  readonly count: number;
  /** Of its keyed state. */
  readonly keys: number;
  readonly checkpointIntervalMs: number;
}

/**
 * The emulator looks into a queue every 100 ms while a receive waits, and answers at once when it
 * finds something; a call takes some milliseconds. AWS answers when a message comes. The model is
 * told of the emulator, and of no run: receives that are off by a tenth fail.
 */
const EMULATED_POLL_MS = 110;
/** A poll that is followed by another one this soon has found messages. */
const FULL_POLL_MS = 1_000;
/** What is still called after a job has ended: its inboxes go, a last tick comes. */
const AFTERWARDS_MS = 8_000;

export interface ComparedRun {
  readonly classes: readonly ComparedClass[];
  /** By operation. */
  readonly text: string;
  readonly seen: WatchedRun;
}

/** Runs the program, and compares. */
export async function countedRun(
  cluster: DeployedCluster,
  proxy: InjectingProxy,
  program: CountedProgram,
): Promise<ComparedRun> {
  const { jobFile, args, parallelism, checkpointIntervalMs } = program;
  proxy.ledger.clear();
  const watched = watchRun(proxy);
  const jobId = await cluster.submit(jobFile, {
    ...{ parallelism, programArgsList: args },
    flinkConfiguration: settingsOf(checkpointIntervalMs),
  });
  await sleep((1_000 * program.count) / program.ratePerSecond);
  const end = await cluster.ended(jobId);
  if (end.status !== 'FINISHED') throw new Error(`the job did not finish: ${end.rootException}`);
  const { body: job } = await cluster.call('GET', `/jobs/${jobId}`);
  const { body: checkpoints } = await cluster.call('GET', `/jobs/${jobId}/checkpoints`);
  await sleep(AFTERWARDS_MS);
  const counted = proxy.ledger.counts();
  const { takeOvers, pollMs } = watched.end();
  const apiRequests = Object.entries(counted)
    .filter(([operation]) => operation.startsWith('execute-api:GET'))
    .reduce((sum, [, { calls }]) => sum + calls, 0);
  const run = parseRun({ ...job, checkpoints }, jobId);
  const executionGraph = await planned(program);
  const input: CostInput = {
    ...COST_DEFAULTS,
    ...{ executionGraph, memoryMb: memoryMbOf(1), pollMs: EMULATED_POLL_MS },
    ...{ rateRecordsPerS: 0, recordBytes: 100, checkpointIntervalMs, rememberedCheckpoints: 1 },
    incremental: true,
    operators: operatorsOfRun(run, executionGraph.jobGraph, program.keys, program.ratePerSecond),
  };
  const { counts, summary } = checkpoints as unknown as CheckpointsAnswer;
  const turnWrites = await turnWritesOf(cluster, jobId);
  const expected = expectedCounts(input, {
    activeS: program.count / program.ratePerSecond,
    ...{ checkpoints: counts.completed, wantedCheckpoints: 0, handOvers: 0, metricsReports: 0 },
    ...{ attempts: 1, jobs: 1, apiRequests },
    ...{ takeOvers, turns: turnWrites - counts.completed, turnMs: turnMsOf(cluster) },
    checkpointMs: summary.end_to_end_duration.avg,
  });
  const text = operationsText(counted, expected);
  return { classes: compareCalls(counted, expected), text, seen: { takeOvers, pollMs } };
}

/** A short memory keeps the job's row a row: whether it is an object would be a matter of bytes. */
function settingsOf(checkpointIntervalMs: number): Readonly<Record<string, string>> {
  return {
    'execution.checkpointing.interval': `${checkpointIntervalMs}ms`,
    'web.checkpoints.history': '1',
  };
}

async function planned(program: CountedProgram): Promise<ExecutionGraph> {
  const { jobFile, args, parallelism, checkpointIntervalMs } = program;
  shareEngine();
  const bundle = await bundleJob({ jobFile, cwd: REPOSITORY_ROOT, apiExports: engineExports() });
  const settings = { ...settingsOf(checkpointIntervalMs), 'parallelism.default': `${parallelism}` };
  const configuration = Configuration.fromEntries(
    Object.entries(settings).map(([key, value]) => ({ key, value, origin: 'test' })),
  );
  return (await planJob({ bundlePath: bundle.path, args, configuration })).executionGraph;
}

interface CheckpointsAnswer {
  readonly counts: { readonly completed: number };
  readonly summary: { readonly end_to_end_duration: { readonly avg: number } };
}

/** A machine that does other things at the same time takes slow turns. */
function turnMsOf({ app, prefix }: DeployedCluster): number {
  const turns = app.emulator
    .invocations()
    .filter(({ functionName }) => functionName === `${prefix}-coordinator`);
  return turns.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0) / turns.length;
}

/** How often the job's record was written: once a turn, and before a checkpoint is stored. */
async function turnWritesOf(cluster: DeployedCluster, jobId: string): Promise<number> {
  const { emulator } = cluster.app;
  const { dynamo, destroy } = clientsOf(emulator, emulator.directEndpoint);
  try {
    const Key = { pk: { S: `job#${jobId}` }, sk: { S: 'turn' } };
    const command = new GetItemCommand({ TableName: `${cluster.prefix}-jobs`, Key });
    const { Item = {} } = await dynamo.send(command);
    return Number(Item.v?.N);
  } finally {
    destroy();
  }
}

export interface WatchedRun {
  readonly takeOvers: number;
  /** From a poll that finds messages to the next, on average. */
  readonly pollMs: number;
}

/**
 * Watches what is Lambda's and the machine's doing, not the job's: how often another process of the
 * coordinator takes a job over, and how long polls take. Who takes a job over reads its record, and
 * nobody else who coordinates does.
 */
function watchRun(proxy: InjectingProxy): { readonly end: () => WatchedRun } {
  let takeOvers = 0;
  const polledAtMs = new Map<string, number>();
  const polls = { count: 0, totalMs: 0 };
  const unwatch = proxy.watch(({ operation, resource, input, caller }) => {
    if (operation === 'ReceiveMessage' && caller?.program === 'taskmanager') {
      const nowMs = performance.now();
      const tookMs = nowMs - (polledAtMs.get(resource) ?? Number.NEGATIVE_INFINITY);
      polledAtMs.set(resource, nowMs);
      if (tookMs > FULL_POLL_MS) return;
      polls.count += 1;
      polls.totalMs += tookMs;
    }
    if (operation !== 'GetItem' || caller?.program !== 'coordinator') return;
    const { sk } = (input?.Key ?? {}) as { readonly sk?: { readonly S?: string } };
    if (sk?.S === 'turn') takeOvers += 1;
  });
  return {
    end: () => {
      unwatch();
      const { count, totalMs } = polls;
      return { takeOvers, pollMs: count === 0 ? EMULATED_POLL_MS : totalMs / count };
    },
  };
}
