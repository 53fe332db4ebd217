/**
 * The StreamGraph: what a program asked for, node by node, before chaining. Written by the API
 * while the job function runs; read by the JobGraph generator. Nodes hold closures, so a
 * StreamGraph never leaves the thread that built it; its description (JobGraph) does.
 */
import type { Sink, Source } from '../connectors/index.ts';
import type { FileSystem, KeySelector, TypeInformation } from '../core/index.ts';
import type { OneInputFactory, SourceFactory, TwoInputFactory } from '../operators/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';
import type { ExchangeKind, JobType } from './job-graph.ts';

/** How records of an edge choose their channels. Names as Flink's REST API prints them. */
export type PartitionerSpec =
  | { readonly kind: 'FORWARD' }
  | { readonly kind: 'REBALANCE' }
  | { readonly kind: 'RESCALE' }
  | { readonly kind: 'SHUFFLE' }
  | { readonly kind: 'BROADCAST' }
  | { readonly kind: 'GLOBAL' }
  | { readonly kind: 'HASH'; readonly keySelector: KeySelector<unknown, unknown> }
  | {
      readonly kind: 'CUSTOM';
      readonly partition: (key: unknown, numPartitions: number) => number;
      readonly keySelector: (value: unknown) => unknown;
    };

export interface StreamEdge {
  readonly sourceNodeId: number;
  /** 0 for one-input nodes; 0 or 1 for two-input nodes. */
  readonly inputIndex: number;
  readonly partitioner: PartitionerSpec;
  /** Set when the edge carries a side output instead of the main one. */
  readonly sideOutputTag?: string;
  /** Declared type of the records; undefined: inferred while the job runs. */
  readonly type?: TypeInformation<unknown>;
}

export type ChainingStrategy = 'ALWAYS' | 'NEVER' | 'HEAD';

export type NodeBody =
  | {
      readonly kind: 'source';
      readonly source: Source<unknown, unknown, unknown>;
      readonly factory: SourceFactory<unknown>;
      /** Undefined: it waits for no other. */
      readonly alignment?: WatermarkAlignment;
    }
  | { readonly kind: 'one-input'; readonly factory: OneInputFactory<unknown, unknown> }
  | { readonly kind: 'two-input'; readonly factory: TwoInputFactory<unknown, unknown, unknown> };

export interface StreamNode {
  /** 1-based, in order of creation; the ids Flink's JSON plan shows. */
  readonly id: number;
  /** Shown to people, e.g. `Map`, `Window(TumblingEventTimeWindows(10000))`. */
  name: string;
  /** Flink's name of the operator's kind, e.g. `Map`, `Sink: Writer`. */
  readonly operator: string;
  readonly body: NodeBody;
  readonly inEdges: readonly StreamEdge[];
  uid?: string;
  /** undefined: the environment's default. */
  parallelism?: number;
  maxParallelism?: number;
  /** In BATCH: `parallelism` is the most; how many it is, is decided when its input is there. */
  readonly adaptive?: true;
  chaining: ChainingStrategy;
  /** undefined: inherited from the inputs, `default` for sources. */
  slotSharingGroup?: string;
  /** True when the node must have parallelism 1 (windowAll, fromData). */
  readonly nonParallel?: boolean;
  readonly isSink?: boolean;
  /** What a sink node writes to; the client validates it before the job is deployed. */
  readonly sink?: Sink<unknown, unknown>;
  /** A sink's own check before the job is deployed. */
  readonly validate?: (ctx: { readonly fileSystem: FileSystem }) => void | Promise<void>;
  /** Keyed nodes hold state by key group. */
  readonly keyed?: boolean;
  /** It holds state without keys, by its kind: broadcast state. */
  readonly hasOperatorState?: boolean;
}

export interface StreamGraph {
  readonly jobName: string;
  readonly jobType: JobType;
  /** Of all edges between vertices. */
  readonly exchange: ExchangeKind;
  /** Sorted by id. */
  readonly nodes: readonly StreamNode[];
  readonly defaultParallelism: number;
  /** -1: derived for each vertex by Flink's formula. */
  readonly maxParallelism: number;
  readonly chainingEnabled: boolean;
}
