import type { Rng } from '../core/index.ts';
import {
  broadcastPartitioner,
  customPartitioner,
  forwardPartitioner,
  globalPartitioner,
  hashPartitioner,
  type Partitioner,
  rebalancePartitioner,
  shufflePartitioner,
} from '../exchange/index.ts';
import type { PartitionerSpec } from './stream-graph.ts';

/** What a partitioner must know of the subtask it works for. */
export interface PartitionerPlace {
  /** Channels of this edge and subtask, as the ExecutionGraph lists them. */
  readonly channelCount: number;
  /** The target vertex's number of key groups. */
  readonly maxParallelism: number;
  readonly rng: Rng;
}

/** The partitioner of one edge in one subtask. */
export function createPartitioner(spec: PartitionerSpec, place: PartitionerPlace): Partitioner {
  const { channelCount, maxParallelism, rng } = place;
  switch (spec.kind) {
    case 'FORWARD':
      return forwardPartitioner();
    case 'REBALANCE':
    case 'RESCALE':
      return rebalancePartitioner(channelCount, rng);
    case 'SHUFFLE':
      return shufflePartitioner(channelCount, rng);
    case 'BROADCAST':
      return broadcastPartitioner();
    case 'GLOBAL':
      return globalPartitioner();
    case 'HASH':
      return hashPartitioner(spec.keySelector, channelCount, maxParallelism);
    case 'CUSTOM':
      return customPartitioner(spec.partition, spec.keySelector, channelCount);
  }
}
