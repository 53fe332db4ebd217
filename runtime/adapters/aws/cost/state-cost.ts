/**
 * What keyed state costs at a checkpoint, and afterwards. Pure.
 *
 *     touched keys   n · (1 − e^(−records / n)) of n keys a subtask: records hit keys evenly
 *     chain          a base, then deltas until they outweigh it, or 50 (`segment-chain.ts`)
 *     place          inside the acknowledgement, as an item, or as an object, by size (ADR 11)
 *
 * Every segment is deleted later: an item's delete is billed as its write, an object's is free.
 */
import type { AwsPrices } from '../prices.ts';
import { ITEM_OVERHEAD_BYTES, tierThresholdBytes } from '../segment-tier.ts';
import { COST_ASSUMPTIONS } from './assumptions.ts';
import { type CostLine, line, mergeLines, times } from './billed-units.ts';

/** Keyed state of one operator. */
export interface StateFacts {
  readonly parallelism: number;
  /** Over all subtasks. */
  readonly keys: number;
  readonly bytesPerKey: number;
  /** Over all subtasks. */
  readonly recordsPerS: number;
  readonly dirtyShare: number | undefined;
}

/** Segments of one subtask. */
export interface SegmentPlan {
  /** Segments of a whole chain, the base among them. */
  readonly chainSegments: number;
  readonly baseBytes: number;
  readonly deltaBytes: number;
  /** Of a checkpoint, that there is anything to write. */
  readonly writeShare: number;
  /** Of all entries. */
  readonly liveBytes: number;
}

/** @param checkpointS from one checkpoint to the next. */
export function planSegments(
  facts: StateFacts,
  checkpointS: number,
  incremental: boolean,
): SegmentPlan {
  const { segmentBytes, maxChainSegments } = COST_ASSUMPTIONS.state;
  const keys = facts.keys / facts.parallelism;
  const records = (facts.recordsPerS / facts.parallelism) * checkpointS;
  const touched = keys === 0 ? 0 : keys * -Math.expm1(-records / keys);
  const dirty = facts.dirtyShare === undefined ? touched : keys * facts.dirtyShare;
  const writeShare = dirty === 0 ? 0 : Math.min(1, Math.max(dirty, -Math.expm1(-dirty)));
  const entries = writeShare === 0 ? 0 : dirty / writeShare;
  const deltas = entries === 0 || entries >= keys ? 0 : Math.floor(keys / entries);
  const chainSegments = incremental ? Math.min(maxChainSegments, 1 + deltas) : 1;
  return {
    chainSegments,
    baseBytes: keys * facts.bytesPerKey + segmentBytes,
    deltaBytes: entries * facts.bytesPerKey + segmentBytes,
    writeShare,
    liveBytes: keys * facts.bytesPerKey,
  };
}

/** Segments of a chain that a manifest, or a restore, refers to on average. */
export function meanChainSegments({ chainSegments }: SegmentPlan): number {
  return (chainSegments + 1) / 2;
}

/** One checkpoint of one subtask: what is written, and what writing it makes garbage. */
export function segmentLines(plan: SegmentPlan, prices: AwsPrices): readonly CostLine[] {
  const { chainSegments, baseBytes, deltaBytes, writeShare } = plan;
  const base = segmentLife(baseBytes, prices);
  const delta = segmentLife(deltaBytes, prices);
  return mergeLines([
    ...times(writeShare / chainSegments, base),
    ...times((writeShare * (chainSegments - 1)) / chainSegments, delta),
  ]);
}

/** Bytes of a checkpoint that stay inside the acknowledgement. */
export function inlineBytes(plan: SegmentPlan): number {
  const { chainSegments, baseBytes, deltaBytes } = plan;
  const inside = (sizeBytes: number): number =>
    placeOf(sizeBytes, Number.POSITIVE_INFINITY) === 'inline' ? sizeBytes : 0;
  return (inside(baseBytes) + (chainSegments - 1) * inside(deltaBytes)) / chainSegments;
}

/** Rows and objects that a checkpoint of a subtask makes garbage, on average. */
export function garbageOf(
  plan: SegmentPlan,
  prices: AwsPrices,
): { readonly rows: number; readonly objects: number } {
  const threshold = tierThresholdBytes(prices);
  const { chainSegments, baseBytes, deltaBytes, writeShare } = plan;
  const count = (place: string): number => {
    const bases = placeOf(baseBytes, threshold) === place ? 1 : 0;
    const deltas = placeOf(deltaBytes, threshold) === place ? chainSegments - 1 : 0;
    return (writeShare * (bases + deltas)) / chainSegments;
  };
  return { rows: count('item'), objects: count('object') };
}

/** What a restore of one subtask reads. */
export function restoreLines(plan: SegmentPlan, prices: AwsPrices): readonly CostLine[] {
  const threshold = tierThresholdBytes(prices);
  const read = (sizeBytes: number): readonly CostLine[] => {
    switch (placeOf(sizeBytes, threshold)) {
      case 'inline':
        return [];
      case 'item': {
        const units = Math.ceil((sizeBytes + ITEM_OVERHEAD_BYTES) / prices.dynamoDb.readUnitBytes);
        return [line('leases', 'dynamodb:GetItem', 1, { dynamoReadUnits: units })];
      }
      case 'object':
        return [line('leases', 's3:GetObject', 1, { s3ReadRequests: 1 })];
    }
  };
  if (plan.liveBytes === 0) return [];
  const deltas = meanChainSegments(plan) - 1;
  return mergeLines([...read(plan.baseBytes), ...times(deltas, read(plan.deltaBytes))]);
}

function placeOf(sizeBytes: number, thresholdBytes: number): 'inline' | 'item' | 'object' {
  if (sizeBytes <= COST_ASSUMPTIONS.state.inlineBytes) return 'inline';
  return sizeBytes <= thresholdBytes ? 'item' : 'object';
}

function segmentLife(sizeBytes: number, prices: AwsPrices): readonly CostLine[] {
  switch (placeOf(sizeBytes, tierThresholdBytes(prices))) {
    case 'inline':
      return [];
    case 'item': {
      const units = Math.ceil((sizeBytes + ITEM_OVERHEAD_BYTES) / prices.dynamoDb.writeUnitBytes);
      return [
        line('checkpoints', 'dynamodb:PutItem', 1, { dynamoWriteUnits: units }),
        // Its delete; the calls are counted where they are batched.
        line('checkpoints', 'dynamodb:BatchWriteItem', 0, { dynamoWriteUnits: units }),
      ];
    }
    case 'object':
      return objectPuts(sizeBytes);
  }
}

function objectPuts(sizeBytes: number): readonly CostLine[] {
  const { multipartAboveBytes, partBytes } = COST_ASSUMPTIONS.state;
  const put = (operation: string, calls: number): CostLine =>
    line('checkpoints', operation, calls, { s3WriteRequests: calls });
  if (sizeBytes <= multipartAboveBytes) return [put('s3:PutObject', 1)];
  return [
    put('s3:CreateMultipartUpload', 1),
    put('s3:UploadPart', Math.ceil(sizeBytes / partBytes)),
    put('s3:CompleteMultipartUpload', 1),
  ];
}
