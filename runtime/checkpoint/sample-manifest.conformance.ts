/** Manifests for tests. */
import type { BytesRecord, SubtaskStateRecord } from '../protocol/index.ts';
import type { CheckpointManifest } from './manifest-record.ts';

export const JOB_ID = '0123456789abcdef0123456789abcdef';
export const OPERATOR_ID = 'feedc0de00000000feedc0de00000000';

/** A checkpoint of one vertex; each subtask refers to the blobs given for it. */
export function sampleManifest(
  checkpointId: number,
  blobs: readonly (readonly BytesRecord[])[] = [[]],
  changes: Partial<CheckpointManifest> = {},
): CheckpointManifest {
  return {
    formatVersion: 1,
    kind: 'CHECKPOINT',
    checkpointId,
    jobId: JOB_ID,
    jobName: 'sample',
    triggeredAtEpochMs: 1000 * checkpointId,
    completedAtEpochMs: 1000 * checkpointId + 17,
    full: false,
    vertices: [
      {
        vertexId: OPERATOR_ID,
        name: 'count',
        parallelism: blobs.length,
        maxParallelism: 128,
        operators: [{ operatorId: OPERATOR_ID, uid: 'count', name: 'count' }],
        subtasks: blobs.map((bytes, index) => sampleSubtask(index, bytes)),
        inputs: [{ edgeId: 0, sourceVertexId: 'source', inputIndex: 0, partitioner: 'HASH' }],
      },
    ],
    sources: [{ operatorId: 'source', enumerator: { next: 7 } }],
    ...changes,
  };
}

/** A blob's bytes of a record. */
export function blobRecord(location: string, sizeBytes = 4, crc32 = 5): BytesRecord {
  return { location, sizeBytes, crc32 };
}

function sampleSubtask(subtaskIndex: number, blobs: readonly BytesRecord[]): SubtaskStateRecord {
  const chunk = {
    firstKeyGroup: 0,
    lastKeyGroup: 127,
    offsetBytes: 0,
    sizeBytes: 4,
    rawSizeBytes: 9,
    crc32: 5,
    entryCount: 2,
  };
  return {
    vertexId: OPERATOR_ID,
    subtaskIndex,
    finished: false,
    operators: [
      {
        operatorId: OPERATOR_ID,
        keyedStates: [{ name: 'total', kind: 'value', version: 1, type: 'LONG' }],
        keyedSegments: blobs.map((bytes, index) => ({
          kind: index === 0 ? 'BASE' : 'DELTA',
          checkpointId: index + 1,
          bytes,
          chunks: [chunk],
        })),
        operatorStates: [
          {
            name: 'splits',
            mode: 'SPLIT_DISTRIBUTE',
            itemCount: 1,
            bytes: { inlineBase64: 'e30=' },
          },
        ],
      },
    ],
    channels: [
      {
        edgeId: 0,
        fromSubtask: 0,
        toSubtask: subtaskIndex,
        frameCount: 1,
        bytes: { inlineBase64: 'AAE=' },
      },
    ],
  };
}
