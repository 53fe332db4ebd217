/**
 * What is done once for a job, however long it runs: it is submitted and planned, and it ends.
 * Pure.
 *
 * The upload and its copy, the job's rows, a reservation, the plan, inboxes, the listing of what
 * an earlier job of this id could have left; at the end the last turns, what checkpoints have left,
 * inboxes again. Attempts and checkpoints, the last one too, are counted for themselves.
 */
import type { AwsPrices } from '../prices.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, line, mergeLines } from './billed-units.ts';
import { type JobRowFacts, jobRowBytes } from './checkpoint-cost.ts';
import { apiLines, invocationLines, reportLines, storedRowBytes, turnLines } from './turn-cost.ts';

export interface JobFacts extends JobRowFacts {
  readonly prices: AwsPrices;
}

const WHY = 'jobs';
/** Plan and settle, `cdk/functions.ts`. */
const PLAN = { memoryMb: 1_769, durationMs: 1_500 };
const SETTLE = { memoryMb: 256, durationMs: 1_000 };

/** One job, from its submission to its end. */
export function jobLines({ layout, prices, remembered }: JobFacts): readonly CostLine[] {
  const { apiRequests, objectWrites, objectReads, rowReads, rowWrites, ...counts } =
    COST_ASSUMPTIONS.jobs;
  const { taskManagers, waves, subtasks } = layout;
  const { rowDeletes, queries, listings, transactions, endReports, ...end } = counts;
  const { commandBytes } = COST_ASSUMPTIONS.reports;
  return mergeLines([
    ...apiLines(WHY, apiRequests, 0),
    line(WHY, 'states:StartExecution', 1, {}),
    // That it has ended, and again when a late tick takes the job over.
    line(WHY, 'states:SendTaskSuccess', 2, {}),
    ...invocationLines(WHY, 1, PLAN.memoryMb, PLAN.durationMs),
    // What the account lets run, asked by `plan`.
    line(WHY, 'lambda:GetAccountSettings', 1, {}),
    ...invocationLines(WHY, 1, SETTLE.memoryMb, SETTLE.durationMs),
    line(WHY, 's3:PutObject', objectWrites, { s3WriteRequests: objectWrites }),
    line(WHY, 's3:GetObject', objectReads, { s3ReadRequests: objectReads }),
    line(WHY, 's3:ListObjectsV2', listings, { s3WriteRequests: listings }),
    line(WHY, 'dynamodb:GetItem', rowReads, { dynamoReadUnits: rowReads }),
    line(WHY, 'dynamodb:Query', queries, { dynamoReadUnits: queries }),
    line(WHY, 'dynamodb:UpdateItem', rowWrites, { dynamoWriteUnits: rowWrites }),
    line(WHY, 'dynamodb:DeleteItem', rowDeletes, { dynamoWriteUnits: rowDeletes }),
    line(WHY, 'dynamodb:TransactWriteItems', transactions, { dynamoWriteUnits: 4 * transactions }),
    line(WHY, 'sqs:CreateQueue', taskManagers, { sqsStandardRequests: taskManagers }),
    line(WHY, 'sqs:DeleteQueue', taskManagers, { sqsStandardRequests: taskManagers }),
    ...reportLines(WHY, taskManagers * (endReports + waves), commandBytes),
    ...turnLines({
      ...{ reason: WHY, turns: end.endTurns, views: end.endViews, subtasks, prices },
      messageBytes: commandBytes,
      rowBytes: storedRowBytes(jobRowBytes({ layout, remembered })),
    }),
  ]);
}
