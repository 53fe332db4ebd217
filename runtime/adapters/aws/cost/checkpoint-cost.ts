/**
 * What one checkpoint costs: a tick, commands, acknowledgements in turns, segments, the manifest,
 * the log, and the collection of what it makes garbage. Pure.
 *
 *     turns of acknowledgements   1 + ⌈(slots − 1) / 10⌉ in each wave: the first message begins a
 *                                 turn, the others wait for its end and come by tens; a wave is
 *                                 what a barrier reaches before it crosses to other TaskManagers
 *     append to the log           2 × (2 + checks) write units (ADR 10)
 *     dropping the one before     2 × (1 + checks) write units, a listing of its directory
 *     collecting                  a read of who is in charge, a listing of all, the log
 *     a listing                   one LIST for 1,000 objects and a Query for each of 8 partitions
 */
import type { AwsPrices } from '../prices.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, line, mergeLines, times } from './billed-units.ts';
import type { CostLayout } from './cost-layout.ts';
import {
  garbageOf,
  inlineBytes,
  meanChainSegments,
  type SegmentPlan,
  segmentLines,
} from './state-cost.ts';
import {
  commandLines,
  logLine,
  reportLines,
  storedRowBytes,
  tickLines,
  turnLines,
  turnWriteLines,
} from './turn-cost.ts';

/** Subtasks with the same segments. */
export interface StatefulSubtasks {
  readonly count: number;
  readonly plan: SegmentPlan;
}

export interface CheckpointFacts extends JobRowFacts {
  readonly state: readonly StatefulSubtasks[];
  /** Absent: it was asked for, not due. */
  readonly intervalMs: number | undefined;
  readonly retained: number;
  readonly prices: AwsPrices;
}

const WHY = 'checkpoints';

/** One completed checkpoint. */
export function checkpointLines(facts: CheckpointFacts): readonly CostLine[] {
  const { state, prices } = facts;
  return mergeLines([
    ...triggerLines(facts),
    ...acknowledgementLines(facts),
    ...state.flatMap(({ count, plan }) => times(count, segmentLines(plan, prices))),
    ...storeLines(facts),
    ...collectionLines(facts),
    logLine(WHY, COST_ASSUMPTIONS.logs.checkpointBytes),
  ]);
}

/** Turns in which acknowledgements come. */
export function acknowledgementTurns({ slots, waves }: CostLayout): number {
  return waves * (1 + Math.ceil((slots - 1) / COST_ASSUMPTIONS.turns.messagesATurn));
}

/** Of all acknowledgements together, as JSON. */
export function acknowledgementBytes({
  layout,
  state,
}: Pick<CheckpointFacts, 'layout' | 'state'>): number {
  const { ackBytes, segmentRefBytes } = COST_ASSUMPTIONS.reports;
  const segments = state.reduce(
    (sum, { count, plan }) => sum + count * meanChainSegments(plan) * segmentRefBytes,
    0,
  );
  return layout.subtasks * ackBytes + segments + stateInside({ state });
}

/** The job's row between checkpoints, as JSON. */
export function jobRowBytes({ layout, remembered }: JobRowFacts): number {
  const { rowBytes, rowCheckpointBytes, rowSubtaskBytes } = COST_ASSUMPTIONS.turns;
  return rowBytes + remembered * (rowCheckpointBytes + layout.subtasks * rowSubtaskBytes);
}

/** The job's row with this part of the acknowledgements: state inside them is compressed already. */
function storedTurnBytes(facts: CheckpointFacts, share: number): number {
  const { storedAckBytes } = COST_ASSUMPTIONS.turns;
  const acks = facts.layout.subtasks * storedAckBytes + stateInside(facts);
  return storedRowBytes(jobRowBytes(facts)) + share * acks;
}

function stateInside({ state }: Pick<CheckpointFacts, 'state'>): number {
  return state.reduce((sum, { count, plan }) => sum + count * inlineBytes(plan), 0);
}

/** What the size of a job's row depends on. */
export interface JobRowFacts {
  readonly layout: CostLayout;
  /** Checkpoints that it remembers, for whoever looks at the job. */
  readonly remembered: number;
}

function triggerLines(facts: CheckpointFacts): readonly CostLine[] {
  const { layout, intervalMs, prices } = facts;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  const slotsATaskManager = layout.slots / layout.taskManagers;
  // A checkpoint that a hand-over asks for begins in the turn that hears it.
  const ticks =
    intervalMs === undefined
      ? 0
      : Math.max(1, Math.ceil(intervalMs / COST_ASSUMPTIONS.turns.maxTickMs));
  return [
    ...tickLines(WHY, ticks),
    ...turnLines({
      reason: WHY,
      turns: Math.max(1, ticks),
      subtasks: layout.subtasks,
      rowBytes: storedRowBytes(jobRowBytes(facts)),
      messageBytes: commandBytes,
      views: 1,
      prices,
    }),
    // It begins, and it is complete.
    ...commandLines(WHY, 2 * layout.taskManagers, commandBytes * slotsATaskManager),
  ];
}

function acknowledgementLines(facts: CheckpointFacts): readonly CostLine[] {
  const { layout, prices } = facts;
  const turns = acknowledgementTurns(layout);
  const allBytes = acknowledgementBytes(facts);
  const { subtasks } = layout;
  const reports = layout.taskManagers * layout.waves;
  const shared = {
    reason: WHY,
    subtasks,
    messageBytes: allBytes / turns,
    prices,
  } as const;
  // One turn after the other finds more of them in the row; the last stores it without them.
  const rowBytes = (turn: number): number => storedTurnBytes(facts, turn / turns);
  // Progress is shown by the first, which is another process's; then once a second at most.
  const early = Array.from({ length: turns - 1 }, (_, i) => {
    return { rowBytes: rowBytes(i + 1), views: i === 0 ? 1 : 0 };
  });
  return [
    ...reportLines(WHY, reports, allBytes / reports),
    ...early.flatMap((one) => turnLines({ ...shared, turns: 1, ...one })),
    ...turnLines({
      ...{ ...shared, turns: 1, rowBytes: rowBytes(0), views: 1 },
      turnMs: COST_ASSUMPTIONS.turns.storingTurnMs,
    }),
  ];
}

function storeLines(facts: CheckpointFacts): readonly CostLine[] {
  const { fenceRows } = COST_ASSUMPTIONS.turns;
  const rowBytes = storedTurnBytes(facts, 1);
  return [
    // What is to be stored is in the row before (`MasterTurn.beforeStore`).
    ...turnWriteLines(WHY, 1, rowBytes, facts.prices),
    line(WHY, 's3:PutObject', 1, { s3WriteRequests: 1 }),
    line(WHY, 'dynamodb:TransactWriteItems', 1, { dynamoWriteUnits: 2 * (2 + fenceRows) }),
  ];
}

function collectionLines(facts: CheckpointFacts): readonly CostLine[] {
  const { retained, prices, state } = facts;
  const { fenceRows } = COST_ASSUMPTIONS.turns;
  const { logRowBytes, deletesABatch } = COST_ASSUMPTIONS.state;
  const garbage = state.map(({ count, plan }) => {
    const { rows, objects } = garbageOf(plan, prices);
    // A new base makes a chain garbage at once; chains of an operator end together.
    const often = plan.writeShare / plan.chainSegments;
    return {
      rows: rows * count,
      rowsOften: rows > 0 ? often : 0,
      objectsOften: objects > 0 ? often : 0,
    };
  });
  const rows = garbage.reduce((sum, one) => sum + one.rows, 0);
  const rowsOften = garbage.reduce((most, one) => Math.max(most, one.rowsOften), 0);
  const objectsOften = garbage.reduce((most, one) => Math.max(most, one.objectsOften), 0);
  const batches = rowsOften === 0 ? 0 : Math.ceil(rows / rowsOften / deletesABatch) * rowsOften;
  const logBytes = retained * logRowBytes;
  const isRead = Math.ceil(logBytes / prices.dynamoDb.readUnitBytes);
  return [
    line(WHY, 'dynamodb:TransactWriteItems', 1, { dynamoWriteUnits: 2 * (1 + fenceRows) }),
    ...listingLines(0, 1, prices),
    line(WHY, 's3:DeleteObject', 1, {}),
    // Who is in charge.
    line(WHY, 'dynamodb:GetItem', 1, { dynamoReadUnits: fenceRows }),
    ...listingLines(liveRowBytes(facts), retained + liveObjects(facts), prices),
    line(WHY, 'dynamodb:Query', 1, { dynamoReadUnits: Math.max(1, isRead) }),
    line(WHY, 'dynamodb:BatchWriteItem', batches, {}),
    line(WHY, 's3:DeleteObjects', objectsOften, {}),
  ];
}

/** A Query is billed by what the items hold, whatever it gives back of them. */
function listingLines(
  rowBytes: number,
  objects: number,
  { dynamoDb }: AwsPrices,
): readonly CostLine[] {
  const { shards, objectsAPage } = COST_ASSUMPTIONS.state;
  const pages = Math.max(1, Math.ceil(objects / objectsAPage));
  const dynamoReadUnits = Math.max(shards, rowBytes / dynamoDb.readUnitBytes);
  return [
    line(WHY, 'dynamodb:Query', shards, { dynamoReadUnits }),
    line(WHY, 's3:ListObjectsV2', pages, { s3WriteRequests: pages }),
  ];
}

function liveRowBytes({ state, prices }: CheckpointFacts): number {
  return state.reduce((sum, { count, plan }) => {
    const { rows } = garbageOf(plan, prices);
    return sum + count * rows * meanChainSegments(plan) * plan.deltaBytes;
  }, 0);
}

function liveObjects({ state, prices }: CheckpointFacts): number {
  return state.reduce((sum, { count, plan }) => {
    const { objects } = garbageOf(plan, prices);
    return sum + count * objects * meanChainSegments(plan);
  }, 0);
}
