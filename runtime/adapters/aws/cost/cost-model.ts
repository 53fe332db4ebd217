/**
 * What a job costs on AWS: requests by service and operation, and dollars. Pure. What it takes for
 * granted is in `assumptions.ts`, prices in `prices.ts`; `docs/aws/cost.md` shows it worked.
 *
 * Not in it: data transfer, NAT gateways and endpoints of a VPC, KMS, X-Ray, what a job's own
 * sources and sinks call, retries, free tiers.
 *
 * - I1: an hour is a sum: of time (slots, records, polls), and of events (checkpoints, leases,
 *   attempts), each as often as it happens. A counted run is the same sum with its own numbers.
 * - I2: what is paid without records or jobs (`cluster`, `storage`) is apart from what work costs.
 */

import type { JobGraph } from '../../../graph/index.ts';
import { type AwsPrices, US_EAST_1_PRICES } from '../prices.ts';
import { tierThresholdBytes } from '../segment-tier.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import {
  addUnits,
  type CostLine,
  type CostService,
  type CostUnits,
  line,
  mergeLines,
  times,
  usdByService,
  usdOf,
} from './billed-units.ts';
import {
  acknowledgementTurns,
  type CheckpointFacts,
  checkpointLines,
  jobRowBytes,
  type StatefulSubtasks,
} from './checkpoint-cost.ts';
import { type CostInput, checkCostInput } from './cost-input.ts';
import { type CostLayout, costLayout } from './cost-layout.ts';
import { commandPollLines, type ExchangeFacts, exchangeLines } from './exchange-cost.ts';
import { jobLines } from './job-cost.ts';
import { attemptLines, type LeaseFacts, leaseLines, metricsLines } from './lease-cost.ts';
import {
  factsOf,
  type JobTraffic,
  jobTraffic,
  type OperatorTraffic,
  sourcesOf,
} from './operator-traffic.ts';
import { meanChainSegments, planSegments } from './state-cost.ts';
import {
  apiLines,
  invocationLines,
  storedRowBytes,
  type TakeOverFacts,
  takeOverLines,
  turnLines,
} from './turn-cost.ts';

/** What happens in an hour, or happened in a run. */
export interface CostEvents {
  /** Of invocations that work, over all TaskManagers the same time. */
  readonly activeS: number;
  readonly checkpoints: number;
  /** Of these, those that a hand-over asked for. */
  readonly wantedCheckpoints: number;
  /** Of all TaskManagers, but for the first of each attempt. */
  readonly handOvers: number;
  readonly attempts: number;
  /** Submitted, run and ended. */
  readonly jobs: number;
  /** Of one process of the coordinator from another. Default: as assumed of each checkpoint. */
  readonly takeOvers?: number | undefined;
  /** Of the coordinator for the job. Default: as messages would be heard by turns of their usual time. */
  readonly turns?: number;
  /** Means; default: as assumed. */
  readonly checkpointMs?: number;
  readonly turnMs?: number;
  /** Of each TaskManager, reports with nothing but metrics. */
  readonly metricsReports: number;
  /** That look at jobs; those that submit one are counted with it. */
  readonly apiRequests: number;
}

/** A job, prepared for counting. */
export interface CostModel {
  readonly input: CostInput;
  readonly layout: CostLayout;
  readonly traffic: JobTraffic;
  readonly state: readonly StatefulSubtasks[];
  readonly prices: AwsPrices;
}

/** What a job costs. Money is in US dollars. */
export interface CostEstimate {
  readonly prices: AwsPrices;
  readonly taskManagers: number;
  readonly slots: number;
  readonly memoryMb: number;
  /** Of a mean hour: active for its share, idle for the rest. */
  readonly lines: readonly CostLine[];
  readonly usdPerHour: number;
  readonly usdByService: Readonly<Record<CostService, number>>;
  /** Absent without records. */
  readonly usdPerMillionRecords?: number;
  readonly usdPerCheckpoint: number;
  readonly checkpointLines: readonly CostLine[];
  /** Of an hour in which it does not hibernate. */
  readonly usdPerActiveHour: number;
  readonly checkpointsPerActiveHour: number;
  /** A job that hibernates: nothing but what is stored. */
  readonly idleUsdPerMonth: number;
  /** The cluster, without and with jobs; not in the figures above. */
  readonly clusterLines: readonly CostLine[];
  readonly clusterUsdPerMonth: number;
  readonly storedBytes: number;
}

const HOUR_S = 3_600;
export const HOURS_A_MONTH = 730;
const GB_BYTES = 1024 ** 3;

/** @throws {StreamError} `COST_INPUT_INVALID`, `COST_OPERATOR_UNKNOWN` */
export function costModel(input: CostInput, prices: AwsPrices = US_EAST_1_PRICES): CostModel {
  checkCostInput(input);
  const { executionGraph, taskSlots } = input;
  const layout = costLayout(executionGraph, taskSlots);
  return withTraffic(input, layout, prices);
}

/** As {@link costModel}, with a layout that is known. */
export function withTraffic(input: CostInput, layout: CostLayout, prices: AwsPrices): CostModel {
  const traffic = jobTraffic(input.executionGraph.jobGraph, input);
  const state = statefulSubtasks(input, layout, traffic);
  return { input, layout, traffic, state, prices };
}

/** @throws {StreamError} as {@link costModel} */
export function estimateCost(input: CostInput, prices: AwsPrices = US_EAST_1_PRICES): CostEstimate {
  return estimateOf(costModel(input, prices));
}

/** The estimate of a model. */
export function estimateOf(model: CostModel): CostEstimate {
  const { input, layout, prices, traffic } = model;
  const active = activeHour(model);
  const activeLines = countedLines(model, active);
  const stored = storageLines(model);
  const attempts = times(input.attemptsPerHour, attemptLines(leaseFacts(model)));
  const lines = mergeLines([
    ...times(input.activeShare, activeLines),
    ...attempts,
    ...requestLines(input.apiRequestsPerHour),
    ...stored,
  ]);
  const usdPerHour = usdOf(lines, prices);
  const records = sourceRecordsPerS(input, traffic) * HOUR_S * input.activeShare;
  const one = mergeLines([
    ...checkpointLines(checkpointFacts(model, input.checkpointIntervalMs)),
    ...times(COST_ASSUMPTIONS.takeOvers.aCheckpoint, takeOverLines(takeOverFacts(model))),
  ]);
  const cluster = clusterLines();
  return {
    prices,
    taskManagers: layout.taskManagers,
    slots: layout.slots,
    memoryMb: input.memoryMb,
    lines,
    usdPerHour,
    usdByService: usdByService(lines, prices),
    ...(records === 0 ? {} : { usdPerMillionRecords: (usdPerHour / records) * 1_000_000 }),
    usdPerCheckpoint: usdOf(one, prices),
    checkpointLines: one,
    usdPerActiveHour: usdOf([...activeLines, ...stored], prices),
    checkpointsPerActiveHour: active.checkpoints,
    idleUsdPerMonth: usdOf(stored, prices) * HOURS_A_MONTH,
    clusterLines: cluster,
    clusterUsdPerMonth: usdOf(cluster, prices) * HOURS_A_MONTH,
    storedBytes: storedBytes(model),
  };
}

/** An hour in which the job works all the time. */
export function activeHour({ input, layout }: CostModel): CostEvents {
  const { checkpointIntervalMs, leaseMs } = input;
  const handOvers = (layout.taskManagers * HOUR_S * 1_000) / leaseMs;
  const due = checkpointIntervalMs === undefined ? 0 : (HOUR_S * 1_000) / checkpointIntervalMs;
  const extra = checkpointIntervalMs === undefined ? 1 : COST_ASSUMPTIONS.leases.extraCheckpoints;
  const wantedCheckpoints = Math.min(handOvers * extra, handOvers);
  const checkpoints = due + wantedCheckpoints;
  const metrics = (HOUR_S * 1_000) / COST_ASSUMPTIONS.reports.metricsLingerMs;
  const { eventsALease, eventsAnExecution } = COST_ASSUMPTIONS.leases;
  return {
    activeS: HOUR_S,
    checkpoints,
    wantedCheckpoints,
    handOvers,
    // The history of an execution is full, and the job goes on in another one.
    attempts: (handOvers * eventsALease) / eventsAnExecution,
    jobs: 0,
    metricsReports: Math.max(0, metrics - checkpoints),
    apiRequests: 0,
  };
}

/** I1. What these events cost, and the time between them. */
export function countedLines(model: CostModel, events: CostEvents): readonly CostLine[] {
  const { input, layout } = model;
  const facts = leaseFacts(model);
  const due = events.checkpoints - events.wantedCheckpoints;
  const hours = events.activeS / HOUR_S;
  const takeOvers =
    events.takeOvers ?? events.checkpoints * COST_ASSUMPTIONS.takeOvers.aCheckpoint + events.jobs;
  const gbSeconds = layout.taskManagers * (input.memoryMb / 1024) * events.activeS;
  const exchange = exchangeFacts(model);
  // "It begins", "it is complete", the start of an attempt; a part of what is sent again comes with
  // what follows it.
  const commands = {
    count: (2 * events.checkpoints + (3 / 4) * takeOvers + events.attempts) * layout.taskManagers,
    bursts: commandBursts(events, takeOvers) * layout.taskManagers,
  };
  return mergeLines([
    line('slots', 'lambda:GB-second', 0, { lambdaGbSeconds: gbSeconds }, 'aws'),
    ...times(hours, exchangeLines(exchange)),
    ...commandPollLines(exchange, commands),
    ...times(due, checkpointLines(checkpointFacts(model, input.checkpointIntervalMs))),
    ...times(events.wantedCheckpoints, checkpointLines(checkpointFacts(model, undefined))),
    ...times(events.handOvers, leaseLines(facts)),
    // The first attempt of a job restores nothing.
    ...times(Math.max(0, events.attempts - events.jobs), attemptLines(facts)),
    ...times(events.jobs, [...attemptLines({ ...facts, state: [] }), ...jobLines(facts)]),
    ...times(takeOvers, takeOverLines(takeOverFacts(model))),
    ...otherTurns(model, events),
    ...metricsLines(facts, events.metricsReports),
    // Custom metrics are billed for the hours in which they are written.
    line(
      'metrics',
      'cloudwatch:Metric',
      0,
      {
        metricHours: COST_ASSUMPTIONS.cluster.metrics * hours,
      },
      'aws',
    ),
    ...requestLines(events.apiRequests),
  ]);
}

/**
 * Commands that an inbox gets within the time that deletes wait for each other: all of a
 * checkpoint, if it and its turns are quick.
 */
function commandBursts(events: CostEvents, takeOvers: number): number {
  const { deleteLingerMs } = COST_ASSUMPTIONS.exchange;
  const { turnMs, storingTurnMs } = COST_ASSUMPTIONS.turns;
  // Times vary: those near the linger are now within it, now not.
  const apart = (ms: number): number => Math.min(1, (ms / deleteLingerMs) ** 2);
  const within = apart(events.checkpointMs ?? storingTurnMs);
  const again = apart(events.turnMs ?? turnMs);
  return events.checkpoints * (1 + within) + takeOvers * again + events.attempts;
}

/** Turns that were taken beside those that are expected; or not taken. */
function otherTurns(model: CostModel, events: CostEvents): readonly CostLine[] {
  if (events.turns === undefined) return [];
  const { layout, prices, input } = model;
  const { turns: attemptTurns } = COST_ASSUMPTIONS.attempts;
  const expected =
    events.checkpoints * (1 + acknowledgementTurns(layout)) +
    events.attempts * attemptTurns +
    events.jobs * COST_ASSUMPTIONS.jobs.endTurns +
    events.handOvers +
    events.metricsReports * layout.taskManagers;
  const facts = { layout, remembered: input.rememberedCheckpoints };
  const one = turnLines({
    ...{ reason: 'checkpoints', turns: 1, subtasks: layout.subtasks, prices, messageBytes: 0 },
    // What they have heard is progress, shown by those between which they are.
    views: 0,
    rowBytes: storedRowBytes(jobRowBytes(facts)),
  });
  return times(events.turns - expected, one);
}

/** Calls and units of one operation. */
export interface ExpectedCount {
  readonly calls: number;
  readonly units: CostUnits;
}

/**
 * What a run should have called, by operation, named and counted as a proxy before AWS does: only
 * what code calls, not what services call (event source mappings, state machines).
 */
export function expectedCounts(
  input: CostInput,
  events: CostEvents,
  prices: AwsPrices = US_EAST_1_PRICES,
): Readonly<Record<string, ExpectedCount>> {
  const counts: Record<string, ExpectedCount> = {};
  for (const one of countedLines(costModel(input, prices), events)) {
    if (one.caller === 'aws') continue;
    const before = counts[one.operation] ?? { calls: 0, units: {} };
    const units = addUnits(before.units, one.units);
    counts[one.operation] = { calls: before.calls + one.calls, units };
  }
  return counts;
}

/** What goes between the TaskManagers of a model. */
export function exchangeFacts(model: CostModel): ExchangeFacts {
  const { input, layout, prices } = model;
  const { watermarkIntervalMs, lingerMs, pollMs } = input;
  return { layout, prices, edges: edgesOf(model), watermarkIntervalMs, lingerMs, pollMs };
}

/** Of all sources together. */
export function sourceRecordsPerS({ executionGraph }: CostInput, traffic: JobTraffic): number {
  return sourceTraffic(executionGraph.jobGraph, traffic).reduce(
    (sum, { inRecordsPerS }) => sum + inRecordsPerS,
    0,
  );
}

/** Of the records that sources take in. */
export function sourceBytesPerS({ executionGraph }: CostInput, traffic: JobTraffic): number {
  return sourceTraffic(executionGraph.jobGraph, traffic).reduce(
    (sum, { inRecordsPerS, outBytes }) => sum + inRecordsPerS * outBytes,
    0,
  );
}

function sourceTraffic(jobGraph: JobGraph, traffic: JobTraffic): readonly OperatorTraffic[] {
  return sourcesOf(jobGraph).flatMap(({ nodeId }) => traffic.get(nodeId) ?? []);
}

/** What goes through each edge, by its id. */
export function edgesOf({
  input,
  traffic,
}: Pick<CostModel, 'input' | 'traffic'>): ReadonlyMap<
  number,
  { readonly recordsPerS: number; readonly recordBytes: number }
> {
  return new Map(
    input.executionGraph.jobGraph.edges.map(({ id, sourceNodeId }) => {
      const source = traffic.get(sourceNodeId);
      return [id, { recordsPerS: source?.outRecordsPerS ?? 0, recordBytes: source?.outBytes ?? 0 }];
    }),
  );
}

function takeOverFacts({ layout, input, prices }: CostModel): TakeOverFacts {
  const facts = { layout, remembered: input.rememberedCheckpoints };
  const rowBytes = storedRowBytes(jobRowBytes(facts));
  return { inboxes: layout.taskManagers, rowBytes, prices };
}

function requestLines(requests: number): readonly CostLine[] {
  return apiLines('api', requests, requests * COST_ASSUMPTIONS.api.reads);
}

function leaseFacts({ layout, state, input, prices }: CostModel): LeaseFacts {
  const { memoryMb, rememberedCheckpoints: remembered } = input;
  return { layout, state, memoryMb, prices, remembered };
}

function checkpointFacts(
  { layout, state, input, prices }: CostModel,
  intervalMs: number | undefined,
): CheckpointFacts {
  const { retainedCheckpoints: retained, rememberedCheckpoints: remembered } = input;
  return { layout, state, intervalMs, retained, remembered, prices };
}

function statefulSubtasks(
  input: CostInput,
  layout: CostLayout,
  traffic: JobTraffic,
): readonly StatefulSubtasks[] {
  const { jobGraph } = input.executionGraph;
  const keyed = new Set(layout.keyed.map(({ nodeId }) => nodeId));
  const checkpointS = (input.checkpointIntervalMs ?? input.leaseMs) / 1_000;
  return jobGraph.vertices.flatMap(({ operators, parallelism }) =>
    operators.flatMap((operator): StatefulSubtasks[] => {
      const facts = factsOf(input.operators, operator);
      if (!keyed.has(operator.nodeId) && facts?.keys === undefined) return [];
      const plan = planSegments(
        {
          parallelism,
          keys: facts?.keys ?? input.keys,
          bytesPerKey: facts?.stateBytesPerKey ?? input.stateBytesPerKey,
          recordsPerS: traffic.get(operator.nodeId)?.inRecordsPerS ?? 0,
          dirtyShare: facts?.dirtyShare,
        },
        checkpointS,
        input.incremental,
      );
      return [{ count: parallelism, plan }];
    }),
  );
}

/** Segments of the retained checkpoints; they share most. */
function storedBytes({ state, input }: CostModel): number {
  const segments = state.reduce((sum, { count, plan }) => {
    const deltas = meanChainSegments(plan) - 1;
    return sum + count * (plan.baseBytes + deltas * plan.deltaBytes);
  }, 0);
  return segments + input.retainedCheckpoints * 1024 + COST_ASSUMPTIONS.leases.bundleBytes;
}

function storageLines(model: CostModel): readonly CostLine[] {
  const threshold = tierThresholdBytes(model.prices);
  const inRows = model.state.reduce((sum, { count, plan }) => {
    const deltas = meanChainSegments(plan) - 1;
    const base = plan.baseBytes <= threshold ? plan.baseBytes : 0;
    const delta = plan.deltaBytes <= threshold ? plan.deltaBytes : 0;
    return sum + count * (base + deltas * delta);
  }, 0);
  const { rowBytes } = COST_ASSUMPTIONS.turns;
  return [
    line('storage', 's3:GB-hour', 0, {
      s3GbHours: Math.max(0, storedBytes(model) - inRows) / GB_BYTES,
    }),
    line('storage', 'dynamodb:GB-hour', 0, { dynamoGbHours: (inRows + rowBytes) / GB_BYTES }),
  ];
}

/** An hour of a cluster without jobs: Lambda polls its two queues, and is billed as their caller. */
export function clusterLines(): readonly CostLine[] {
  const { pollersAQueue, alarms, sweepsADay } = COST_ASSUMPTIONS.cluster;
  const polls = (pollersAQueue * HOUR_S) / COST_ASSUMPTIONS.exchange.longPollS;
  return [
    line('cluster', 'sqs:ReceiveMessage', polls, { sqsFifoRequests: polls }, 'aws'),
    line('cluster', 'sqs:ReceiveMessage', polls, { sqsStandardRequests: polls }, 'aws'),
    ...invocationLines('cluster', sweepsADay / 24, 256, 2_000),
    line('cluster', 'cloudwatch:Alarm', 0, { alarmHours: alarms }, 'aws'),
  ];
}
