/**
 * What a turn of the coordinator costs, and what messages to it do. Pure.
 *
 * A turn (ADR 12): a receive and a delete by the event source mapping, an invocation, the claim, a
 * transaction that writes the job's record and checks who is in charge, what clients are shown if
 * that has changed, a line in the log. A process that has kept the job reads nothing; what another
 * one reads is a take-over. A record that is dearer than an object is one (`TurnObjects`).
 */
import type { AwsPrices } from '../prices.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, type CostReason, line } from './billed-units.ts';

const SQS_UNIT_BYTES = 64 * 1024;
const MB_A_GB = 1024;

export interface TurnFacts {
  readonly reason: CostReason;
  /** How many turns. */
  readonly turns: number;
  readonly subtasks: number;
  /** Of the job's row, as it is stored. */
  readonly rowBytes: number;
  /** Of the messages of a turn together. */
  readonly messageBytes: number;
  readonly prices: AwsPrices;
  /** Of the turns together, how often they write what clients are shown (`show-job.ts`). */
  readonly views: number;
  /** Default: a usual turn. */
  readonly turnMs?: number;
}

/** @see TurnFacts */
export function turnLines(facts: TurnFacts): readonly CostLine[] {
  const { reason, turns, subtasks, rowBytes, messageBytes, views, prices } = facts;
  const { memoryMb, turnMs, viewBytes, viewSubtaskBytes } = COST_ASSUMPTIONS.turns;
  const shownBytes = storedRowBytes(viewBytes + subtasks * viewSubtaskBytes);
  const receives = turns * sqsUnits(messageBytes);
  const { writeUnitBytes } = prices.dynamoDb;
  return [
    line(reason, 'sqs:ReceiveMessage', turns, { sqsFifoRequests: receives }, 'aws'),
    line(reason, 'sqs:DeleteMessageBatch', turns, { sqsFifoRequests: turns }, 'aws'),
    ...invocationLines(reason, turns, memoryMb, facts.turnMs ?? turnMs),
    line(reason, 'dynamodb:PutItem', turns, { dynamoWriteUnits: turns }),
    ...turnWriteLines(reason, turns, rowBytes, prices),
    line(reason, 'dynamodb:UpdateItem', views, {
      dynamoWriteUnits: views * writeUnits(shownBytes, writeUnitBytes),
    }),
  ];
}

export interface TakeOverFacts {
  readonly inboxes: number;
  /** Of the job's record, as it is stored. */
  readonly rowBytes: number;
  readonly prices: AwsPrices;
}

/**
 * One take-over by another process of the coordinator, beside the turn that it takes: a claim that
 * is refused, the job, its plan and its record read, the job put into lists again, and what it
 * cannot know to be sent sent again (ADR 12). A claim that is refused is billed as one that is not.
 */
export function takeOverLines({ inboxes, rowBytes, prices }: TakeOverFacts): readonly CostLine[] {
  const { rowReads, objectReads, refusedClaims, rowWrites, ticks } = COST_ASSUMPTIONS.takeOvers;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  const reason = 'take-overs';
  const share = objectShare(rowBytes, objectThresholdBytes(prices));
  const recordUnits = share + (1 - share) * Math.ceil(rowBytes / prices.dynamoDb.readUnitBytes);
  const gets = objectReads + share;
  return [
    line(reason, 'dynamodb:GetItem', rowReads + 1, { dynamoReadUnits: rowReads + recordUnits }),
    line(reason, 's3:GetObject', gets, { s3ReadRequests: gets }),
    line(reason, 'dynamodb:PutItem', refusedClaims, { dynamoWriteUnits: refusedClaims }),
    line(reason, 'dynamodb:UpdateItem', rowWrites, { dynamoWriteUnits: rowWrites }),
    ...commandLines(reason, inboxes, commandBytes),
    ...tickLines(reason, ticks),
  ];
}

/** Writes of the job's row: twice the units, and the rows that are checked. */
export function turnWriteLines(
  reason: CostReason,
  writes: number,
  rowBytes: number,
  prices: AwsPrices,
): readonly CostLine[] {
  const { writeUnitBytes } = prices.dynamoDb;
  const share = objectShare(rowBytes, objectThresholdBytes(prices));
  const units =
    share + (1 - share) * writeUnits(rowBytes, writeUnitBytes) + COST_ASSUMPTIONS.turns.fenceRows;
  const objects = share * writes;
  return [
    line(reason, 'dynamodb:TransactWriteItems', writes, { dynamoWriteUnits: 2 * units * writes }),
    line(reason, 's3:PutObject', objects, { s3WriteRequests: objects }),
    line(reason, 's3:DeleteObject', objects, {}),
  ];
}

/** Of rows of about this size, those that are above it: sizes vary by a sixth. */
function objectShare(rowBytes: number, thresholdBytes: number): number {
  const { rowSizeVaries } = COST_ASSUMPTIONS.turns;
  const least = (1 - rowSizeVaries) * thresholdBytes;
  return Math.min(1, Math.max(0, (rowBytes - least) / (2 * rowSizeVaries * thresholdBytes)));
}

/** Above it an object is put for less than a row is written in a transaction. */
export function objectThresholdBytes({ dynamoDb, s3 }: AwsPrices): number {
  return Math.floor(s3.putUsd / (2 * dynamoDb.writeUnitUsd)) * dynamoDb.writeUnitBytes;
}

/** Invocations that a service makes. */
export function invocationLines(
  reason: CostReason,
  count: number,
  memoryMb: number,
  durationMs: number,
): readonly CostLine[] {
  const lambdaGbSeconds = (count * (memoryMb / MB_A_GB) * durationMs) / 1_000;
  return [
    line(reason, 'lambda:Invoke', count, { lambdaInvocations: count }, 'aws'),
    line(reason, 'lambda:GB-second', 0, { lambdaGbSeconds }, 'aws'),
    logLine(reason, count * COST_ASSUMPTIONS.logs.invocationBytes),
  ];
}

/** Requests of the HTTP API, and rows that they read together. */
export function apiLines(reason: CostReason, requests: number, reads: number): readonly CostLine[] {
  const { memoryMb, requestMs } = COST_ASSUMPTIONS.api;
  return [
    line(reason, 'execute-api:Request', requests, { httpApiRequests: requests }),
    ...invocationLines(reason, requests, memoryMb, requestMs),
    line(reason, 'dynamodb:GetItem', reads, { dynamoReadUnits: reads }),
  ];
}

export function logLine(reason: CostReason, logBytes: number): CostLine {
  return line(reason, 'logs:PutLogEvents', 0, { logBytes }, 'aws');
}

/** A tick: delayed, received by `ticks`, put into the coordinator's queue. */
export function tickLines(reason: CostReason, ticks: number): readonly CostLine[] {
  const { tickMemoryMb, tickMs } = COST_ASSUMPTIONS.turns;
  return [
    line(reason, 'sqs:SendMessage', 2 * ticks, {
      sqsStandardRequests: ticks,
      sqsFifoRequests: ticks,
    }),
    line(reason, 'sqs:ReceiveMessage', ticks, { sqsStandardRequests: ticks }, 'aws'),
    line(reason, 'sqs:DeleteMessageBatch', ticks, { sqsStandardRequests: ticks }, 'aws'),
    ...invocationLines(reason, ticks, tickMemoryMb, tickMs),
  ];
}

/** Calls of `SendMessageBatch` to the coordinator, each with so many bytes. */
export function reportLines(
  reason: CostReason,
  calls: number,
  callBytes: number,
): readonly CostLine[] {
  return [
    line(reason, 'sqs:SendMessageBatch', calls, { sqsFifoRequests: calls * sqsUnits(callBytes) }),
  ];
}

/** A command to each of so many inboxes; the slots of one in one message. */
export function commandLines(
  reason: CostReason,
  inboxes: number,
  messageBytes: number,
): readonly CostLine[] {
  const units = inboxes * sqsUnits(messageBytes);
  return [line(reason, 'sqs:SendMessage', inboxes, { sqsStandardRequests: units })];
}

/** Bytes of the job's row, as `row-item.ts` stores JSON of this size. */
export function storedRowBytes(jsonBytes: number): number {
  const { rowCompressAboveBytes, rowCompression } = COST_ASSUMPTIONS.turns;
  if (jsonBytes <= rowCompressAboveBytes) return jsonBytes;
  return Math.max(rowCompressAboveBytes / rowCompression, jsonBytes / rowCompression);
}

export function writeUnits(sizeBytes: number, unitBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / unitBytes));
}

function sqsUnits(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / SQS_UNIT_BYTES));
}
