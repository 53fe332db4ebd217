/**
 * The manifest of a checkpoint or savepoint: everything a job needs to start from it, but for the
 * blobs it refers to. Persisted; see `docs/formats/manifest-1.md`.
 */
import type { SubtaskStateRecord } from '../protocol/index.ts';

export const MANIFEST_FORMAT_VERSION = 1;

export interface CheckpointManifest {
  readonly formatVersion: number;
  readonly kind: 'CHECKPOINT' | 'SAVEPOINT';
  readonly checkpointId: number;
  readonly jobId: string;
  readonly jobName: string;
  readonly triggeredAtEpochMs: number;
  readonly completedAtEpochMs: number;
  /** True when no operator refers to a segment of an earlier checkpoint. */
  readonly full: boolean;
  /** In topological order. */
  readonly vertices: readonly ManifestVertex[];
  /** Enumerators of sources. */
  readonly sources: readonly SourceStateRecord[];
}

export interface ManifestVertex {
  readonly vertexId: string;
  readonly name: string;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** Head first. */
  readonly operators: readonly ManifestOperator[];
  /** By subtask index; as acknowledged. */
  readonly subtasks: readonly SubtaskStateRecord[];
  /** Edges into this vertex, for the frames unaligned barriers overtook. */
  readonly inputs: readonly ManifestInput[];
}

export interface ManifestOperator {
  readonly operatorId: string;
  readonly uid?: string;
  readonly name: string;
}

export interface ManifestInput {
  readonly edgeId: number;
  readonly sourceVertexId: string;
  readonly inputIndex: number;
  readonly partitioner: string;
}

export interface SourceStateRecord {
  readonly operatorId: string;
  /** What the enumerator's `snapshotState` gave. JSON. */
  readonly enumerator: unknown;
}
