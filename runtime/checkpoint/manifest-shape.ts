import type {
  BytesRecord,
  ChannelStateRecord,
  KeyedSegmentRecord,
  KeyedStateMetaRecord,
  OperatorStateRecord,
  OperatorSubtaskStateRecord,
  SegmentChunkRecord,
  SubtaskStateRecord,
} from '../protocol/index.ts';
import type {
  CheckpointManifest,
  ManifestInput,
  ManifestOperator,
  ManifestVertex,
  SourceStateRecord,
} from './manifest-record.ts';
import {
  anything,
  type Check,
  checkThat,
  count,
  finite,
  flag,
  listOf,
  objectAt,
  oneOf,
  record,
  text,
} from './record-shape.ts';

type InlineBytes = Extract<BytesRecord, { readonly inlineBase64: string }>;
/** Bytes that are a blob of their own. */
export type BlobBytes = Exclude<BytesRecord, InlineBytes>;

const inlineBytes = record<InlineBytes>({ inlineBase64: text }, {});
const blobBytes = record<BlobBytes>({ location: text, sizeBytes: count, crc32: count }, {});
const bytes: Check<BytesRecord> = (value, at) =>
  'inlineBase64' in objectAt(value, at) ? inlineBytes(value, at) : blobBytes(value, at);

const chunk = record<SegmentChunkRecord>(
  {
    firstKeyGroup: count,
    lastKeyGroup: count,
    offsetBytes: count,
    sizeBytes: count,
    rawSizeBytes: count,
    crc32: count,
    entryCount: count,
  },
  {},
);
const segment = record<KeyedSegmentRecord>(
  { kind: oneOf('BASE', 'DELTA'), checkpointId: count, bytes, chunks: listOf(chunk) },
  {},
);
const keyedState = record<KeyedStateMetaRecord>(
  { name: text, kind: text, version: count },
  { type: anything, defaultKind: text, ttlMs: finite, queryable: text },
);
const operatorState = record<OperatorStateRecord>(
  {
    name: text,
    mode: oneOf('SPLIT_DISTRIBUTE', 'UNION', 'BROADCAST'),
    itemCount: count,
    bytes,
  },
  {},
);
const operatorSubtask = record<OperatorSubtaskStateRecord>(
  {
    operatorId: text,
    keyedStates: listOf(keyedState),
    keyedSegments: listOf(segment),
    operatorStates: listOf(operatorState),
  },
  {},
);
const channel = record<ChannelStateRecord>(
  { edgeId: count, fromSubtask: count, toSubtask: count, frameCount: count, bytes },
  {},
);
const subtask = record<SubtaskStateRecord>(
  {
    vertexId: text,
    subtaskIndex: count,
    finished: flag,
    operators: listOf(operatorSubtask),
    channels: listOf(channel),
  },
  {},
);
const operator = record<ManifestOperator>({ operatorId: text, name: text }, { uid: text });
const input = record<ManifestInput>(
  { edgeId: count, sourceVertexId: text, inputIndex: count, partitioner: text },
  {},
);
const vertexFields = record<ManifestVertex>(
  {
    vertexId: text,
    name: text,
    parallelism: count,
    maxParallelism: count,
    operators: listOf(operator),
    subtasks: listOf(subtask),
    inputs: listOf(input),
  },
  {},
);
const vertex: Check<ManifestVertex> = (value, at) => {
  const checked = vertexFields(value, at);
  const { subtasks, parallelism, vertexId } = checked;
  checkThat(subtasks.length === parallelism, 'a subtask each', subtasks.length, `${at}.subtasks`);
  for (const [index, { vertexId: owner, subtaskIndex }] of subtasks.entries()) {
    const holds = owner === vertexId && subtaskIndex === index;
    checkThat(holds, `subtask ${index}`, `${owner}/${subtaskIndex}`, `${at}.subtasks[${index}]`);
  }
  return checked;
};
const source = record<SourceStateRecord>({ operatorId: text, enumerator: anything }, {});

/** The shape of a manifest's JSON. */
export const manifestShape: Check<CheckpointManifest> = record<CheckpointManifest>(
  {
    formatVersion: count,
    kind: oneOf('CHECKPOINT', 'SAVEPOINT'),
    checkpointId: count,
    jobId: text,
    jobName: text,
    triggeredAtEpochMs: finite,
    completedAtEpochMs: finite,
    full: flag,
    vertices: listOf(vertex),
    sources: listOf(source),
  },
  {},
);
