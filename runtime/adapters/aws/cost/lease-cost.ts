/**
 * What a lease of a TaskManager costs beside its work, and what an attempt does. Pure.
 *
 * A lease: an invocation by the state machine, two transitions; the row claimed and left, each a
 * read and a write; the attempt's record, the program, the manifest and the slots' segments read;
 * a message that ends the last poll, and one that puts back what was not taken; the report that
 * wants a checkpoint, which begins early (ADR 9).
 */
import type { AwsPrices } from '../prices.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, line, mergeLines, times } from './billed-units.ts';
import type { JobRowFacts, StatefulSubtasks } from './checkpoint-cost.ts';
import { jobRowBytes } from './checkpoint-cost.ts';
import { restoreLines } from './state-cost.ts';
import {
  commandLines,
  logLine,
  reportLines,
  storedRowBytes,
  turnLines,
  writeUnits,
} from './turn-cost.ts';

export interface LeaseFacts extends JobRowFacts {
  readonly state: readonly StatefulSubtasks[];
  readonly memoryMb: number;
  readonly prices: AwsPrices;
}

const LEASE = 'leases';
const ATTEMPT = 'attempts';

/** A lease, from its claim to its hand-over. */
export function leaseLines(facts: LeaseFacts): readonly CostLine[] {
  return mergeLines([...startLines(facts), ...handOverLines(facts)]);
}

/** The beginning of every lease, the first of an attempt among them. */
function startLines({ layout, state, memoryMb, prices }: LeaseFacts): readonly CostLine[] {
  const { startMs, transitions, rowBytes } = COST_ASSUMPTIONS.leases;
  const lambdaGbSeconds = (memoryMb / 1024) * (startMs / 1_000);
  const segments = state.flatMap(({ count, plan }) =>
    times(count / layout.taskManagers, restoreLines(plan, prices)),
  );
  const isStateful = state.length > 0 ? 1 : 0;
  return [
    line(LEASE, 'lambda:Invoke', 1, { lambdaInvocations: 1 }, 'aws'),
    line(LEASE, 'lambda:GB-second', 0, { lambdaGbSeconds }, 'aws'),
    line(LEASE, 'states:StateTransition', 0, { stateTransitions: transitions }, 'aws'),
    ...rowLines(rowBytes, prices),
    // The attempt's record, the program, the manifest.
    line(LEASE, 's3:GetObject', 2 + isStateful, { s3ReadRequests: 2 + isStateful }),
    ...segments,
    logLine(LEASE, COST_ASSUMPTIONS.logs.leaseBytes),
  ];
}

function handOverLines({ layout, prices, remembered }: LeaseFacts): readonly CostLine[] {
  const { rowBytes, channelBytes } = COST_ASSUMPTIONS.leases;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  // Both ends of each channel that crosses.
  const leftBytes = rowBytes + (2 * layout.channels * channelBytes) / layout.taskManagers;
  return [
    ...rowLines(storedRowBytes(leftBytes), prices),
    ...commandLines(LEASE, 2, commandBytes),
    ...reportLines(LEASE, 1, commandBytes),
    ...turnLines({
      reason: LEASE,
      turns: 1,
      views: 1,
      subtasks: layout.subtasks,
      rowBytes: storedRowBytes(jobRowBytes({ layout, remembered })),
      messageBytes: commandBytes,
      prices,
    }),
  ];
}

/** Read, then written on its condition. */
function rowLines(rowBytes: number, { dynamoDb }: AwsPrices): readonly CostLine[] {
  return [
    line(LEASE, 'dynamodb:GetItem', 1, {
      dynamoReadUnits: Math.max(1, Math.ceil(rowBytes / dynamoDb.readUnitBytes)),
    }),
    line(LEASE, 'dynamodb:PutItem', 1, {
      dynamoWriteUnits: writeUnits(rowBytes, dynamoDb.writeUnitBytes),
    }),
  ];
}

/** An attempt, with the first lease of each of its TaskManagers. */
export function attemptLines(facts: LeaseFacts): readonly CostLine[] {
  const { layout, prices } = facts;
  const { transitions, transitionsATaskManager, turns, views } = COST_ASSUMPTIONS.attempts;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  const stateTransitions = transitions + layout.taskManagers * transitionsATaskManager;
  return mergeLines([
    line(ATTEMPT, 'states:StateTransition', 0, { stateTransitions }, 'aws'),
    // The question, by the state machine; its answer; the attempt's record.
    line(ATTEMPT, 'sqs:SendMessage', 1, { sqsFifoRequests: 1 }, 'aws'),
    line(ATTEMPT, 'states:SendTaskSuccess', 1, {}),
    line(ATTEMPT, 's3:PutObject', 1, { s3WriteRequests: 1 }),
    // Slots run; they are told to start.
    ...reportLines(ATTEMPT, layout.taskManagers, commandBytes),
    ...commandLines(ATTEMPT, layout.taskManagers, commandBytes),
    ...turnLines({
      reason: ATTEMPT,
      turns,
      views,
      subtasks: layout.subtasks,
      rowBytes: storedRowBytes(jobRowBytes(facts)),
      messageBytes: commandBytes,
      prices,
    }),
    ...times(layout.taskManagers, startLines(facts)),
  ]);
}

/** Metrics of all TaskManagers that found nothing to go with: a report and a turn each. */
export function metricsLines(
  { layout, prices, remembered }: LeaseFacts,
  reportsATaskManager: number,
): readonly CostLine[] {
  const { metricsBytes } = COST_ASSUMPTIONS.reports;
  const reportBytes = (layout.subtasks / layout.taskManagers) * metricsBytes;
  const reports = reportsATaskManager * layout.taskManagers;
  return [
    ...times(reports, reportLines('metrics', 1, reportBytes)),
    ...turnLines({
      reason: 'metrics',
      turns: reports,
      views: reports,
      subtasks: layout.subtasks,
      rowBytes: storedRowBytes(jobRowBytes({ layout, remembered })),
      messageBytes: reportBytes,
      prices,
    }),
  ];
}
