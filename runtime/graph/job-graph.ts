import type { JobType } from '../operators/index.ts';

export type { JobType };

/** How the two ends of an edge run: together, or the one after the other. */
export type ExchangeKind = 'PIPELINED' | 'BLOCKING';

/**
 * The JobGraph: the chained plan. A plain JSON value, the same in the client and in every slot;
 * its hash proves that a slot rebuilt the graph the client submitted. Operator closures stay in
 * the StreamGraph and are looked up by `nodeId`.
 */
export interface JobGraph {
  readonly jobName: string;
  readonly jobType: JobType;
  /** In topological order. */
  readonly vertices: readonly JobVertex[];
  readonly edges: readonly JobEdge[];
  /** 32 hex digits over everything above. */
  readonly hash: string;
}

export interface JobVertex {
  /** 32 hex digits: the id of the head operator. */
  readonly id: string;
  /** `Source: flights -> Map -> Filter`. */
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** In BATCH: `parallelism` is the most; how many it is, is decided when its input is there. */
  readonly adaptive?: true;
  readonly slotSharingGroup: string;
  /** Head first; every operator but the head has exactly one input, from within the chain. */
  readonly operators: readonly ChainedOperator[];
}

export interface ChainedOperator {
  readonly nodeId: number;
  /** 32 hex digits, from the uid or from structure. */
  readonly operatorId: string;
  readonly uid?: string;
  readonly name: string;
  readonly operator: string;
  /** Where this operator's input comes from inside the chain; undefined for the head. */
  readonly chainInput?: { readonly nodeId: number; readonly sideOutputTag?: string };
}

export interface JobEdge {
  /** Index in {@link JobGraph.edges}; the edge id on the wire. */
  readonly id: number;
  readonly sourceVertexId: string;
  /** The operator inside the source vertex that feeds the edge. */
  readonly sourceNodeId: number;
  readonly sideOutputTag?: string;
  readonly targetVertexId: string;
  readonly targetNodeId: number;
  /** 0 or 1: which input of the target's head operator. */
  readonly inputIndex: number;
  readonly partitioner:
    | 'FORWARD'
    | 'REBALANCE'
    | 'RESCALE'
    | 'SHUFFLE'
    | 'BROADCAST'
    | 'GLOBAL'
    | 'HASH'
    | 'CUSTOM';
  /** BLOCKING: what goes over it is stored, and read when all of it is there. */
  readonly exchange: ExchangeKind;
}
