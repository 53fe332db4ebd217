/**
 * What a turn of the coordinator costs, and what messages to it do. Pure.
 *
 * A turn (ADR 12): a receive and a delete by the event source mapping, an invocation, a read of the
 * job's row, a transaction that writes it and checks who is in charge, what clients are shown, a
 * line in the log. A row that is dearer than an object is one (`jobmanager/turn-store.ts`).
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
  /** Default: a usual turn. */
  readonly turnMs?: number;
}

/** @see TurnFacts */
export function turnLines(facts: TurnFacts): readonly CostLine[] {
  const { reason, turns, subtasks, rowBytes, messageBytes, prices } = facts;
  const { memoryMb, turnMs, viewBytes, viewSubtaskBytes, viewsATurn } = COST_ASSUMPTIONS.turns;
  const shownBytes = storedRowBytes(viewBytes + subtasks * viewSubtaskBytes);
  const receives = turns * sqsUnits(messageBytes);
  const { writeUnitBytes, readUnitBytes } = prices.dynamoDb;
  return [
    line(reason, 'sqs:ReceiveMessage', turns, { sqsFifoRequests: receives }, 'aws'),
    line(reason, 'sqs:DeleteMessageBatch', turns, { sqsFifoRequests: turns }, 'aws'),
    ...invocationLines(reason, turns, memoryMb, facts.turnMs ?? turnMs),
    line(reason, 'dynamodb:GetItem', turns, {
      dynamoReadUnits:
        turns * Math.ceil(Math.min(rowBytes, objectThresholdBytes(prices)) / readUnitBytes),
    }),
    ...turnWriteLines(reason, turns, rowBytes, prices),
    line(reason, 'dynamodb:UpdateItem', turns * viewsATurn, {
      dynamoWriteUnits: turns * viewsATurn * writeUnits(shownBytes, writeUnitBytes),
    }),
  ];
}

/**
 * Another process of the coordinator takes a job over: it reads who is in charge, the job, its plan
 * and its record, says that it is now, and sends again what it cannot know to be sent (ADR 12).
 */
export function takeOverLines(takeOvers: number, inboxes: number): readonly CostLine[] {
  const { reads, objectReads, ticks } = COST_ASSUMPTIONS.takeOvers;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  const reason = 'take-overs';
  return [
    line(reason, 'dynamodb:GetItem', takeOvers * reads, { dynamoReadUnits: takeOvers * reads }),
    line(reason, 's3:GetObject', takeOvers * objectReads, {
      s3ReadRequests: takeOvers * objectReads,
    }),
    line(reason, 'dynamodb:PutItem', takeOvers, { dynamoWriteUnits: takeOvers }),
    line(reason, 'dynamodb:UpdateItem', takeOvers, { dynamoWriteUnits: takeOvers }),
    ...commandLines(reason, takeOvers * inboxes, commandBytes),
    ...tickLines(reason, takeOvers * ticks),
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

export function logLine(reason: CostReason, logBytes: number): CostLine {
  return line(reason, 'logs:PutLogEvents', 0, { logBytes }, 'aws');
}

/** A tick: delayed, received by the same function, put into the coordinator's queue. */
export function tickLines(reason: CostReason, ticks: number): readonly CostLine[] {
  const { memoryMb, tickMs } = COST_ASSUMPTIONS.turns;
  return [
    line(reason, 'sqs:SendMessage', 2 * ticks, {
      sqsStandardRequests: ticks,
      sqsFifoRequests: ticks,
    }),
    line(reason, 'sqs:ReceiveMessage', ticks, { sqsStandardRequests: ticks }, 'aws'),
    line(reason, 'sqs:DeleteMessageBatch', ticks, { sqsStandardRequests: ticks }, 'aws'),
    ...invocationLines(reason, ticks, memoryMb, tickMs),
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
