/** Whatever is known of a job, a diagnosis is made, and rests on what can be written as JSON. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import type { JobVertex } from '../graph/index.ts';
import type { OperatorFactsRecord, TaskMetricsRecord } from '../protocol/index.ts';
import { diagnoseJob } from './diagnose-job.ts';
import type { DiagnosedGraph, DiagnosedJob } from './diagnosed-job.ts';
import { EXECUTION_STATES } from './execution-states.ts';
import type { SubtaskExecution } from './job-executions.ts';

const NOW_EPOCH_MS = 1_790_000_000_000;
const PARALLELISM = 2;

const count = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100_000 }));
const watermarkMs = fc.oneof(
  fc.constantFrom(MIN_TIMESTAMP_MS, MAX_WATERMARK_MS, 0),
  fc.integer({ min: -1_000_000, max: 2_000_000_000_000 }),
);
const channel = fc.record(
  { fromSubtask: fc.integer({ min: 0, max: 3 }), watermarkMs },
  { requiredKeys: ['fromSubtask'] },
);
const split = fc.record({ splitId: fc.string(), watermarkMs }, { requiredKeys: ['splitId'] });

function operator(operatorId: string): fc.Arbitrary<OperatorFactsRecord> {
  const held = fc.record({
    ...{ what: fc.constantFrom('windows', 'timers'), time: fc.constantFrom('event', 'processing') },
    ...{ count, untilMs: fc.oneof(fc.constant(MAX_WATERMARK_MS), fc.integer({ min: 0 })) },
  });
  const watermarks = fc.record(
    { makesAny: fc.boolean(), intervalMs: fc.constantFrom(0, 200), idlenessMs: count },
    { requiredKeys: ['makesAny', 'intervalMs'] },
  );
  const open = fc.record(
    { count, idleCount: count, lowest: split, highest: split },
    { requiredKeys: ['count', 'idleCount'] },
  );
  const splits = fc.record(
    { givenCount: count, noMoreSplits: fc.boolean(), open },
    { requiredKeys: ['givenCount', 'noMoreSplits'] },
  );
  const optional = { numRecordsSide: count, watermarkMs, held, watermarks, splits };
  return fc.record(
    {
      ...{ operatorId: fc.constant(operatorId), numRecordsOut: count },
      ...{ ...optional, numLateRecordsDropped: count, pendingCommitCount: count },
    },
    { requiredKeys: ['operatorId', 'numRecordsOut'] },
  ) as fc.Arbitrary<OperatorFactsRecord>;
}

/** source ─ hash ─▶ window ─▶ sink, and a second source into the window's other input. */
const GRAPH: DiagnosedGraph = {
  vertices: [
    vertex('a', [1, 'Source']),
    vertex('b', [2, 'Source']),
    vertex('c', [3, 'Window'], [4, 'Filter'], [5, 'Sink: Writer']),
  ],
  edges: [edge(0, 'a', 1, 0), edge(1, 'b', 2, 1)],
  sources: new Map([
    [1, { name: 'a', boundedness: 'BOUNDED' }],
    [2, { name: 'b', boundedness: 'CONTINUOUS_UNBOUNDED' }],
  ]),
  sinks: new Map([[5, { name: 'print', guarantee: 'EXACTLY_ONCE', commits: true }]]),
};

function vertex(id: string, ...operators: readonly (readonly [number, string])[]): JobVertex {
  return {
    ...{ id, name: id, parallelism: PARALLELISM, maxParallelism: 128 },
    slotSharingGroup: 'default',
    operators: operators.map(([nodeId, kind], at) => ({
      ...{ nodeId, operatorId: `o${nodeId}`, name: kind, operator: kind },
      ...(at === 0 ? {} : { chainInput: { nodeId: nodeId - 1 } }),
    })),
  };
}

function edge(id: number, sourceVertexId: string, sourceNodeId: number, inputIndex: number) {
  const to = { targetVertexId: 'c', targetNodeId: 3, inputIndex };
  return {
    id,
    sourceVertexId,
    sourceNodeId,
    ...to,
    partitioner: 'HASH',
    exchange: 'PIPELINED',
  } as const;
}

function metrics({ id, operators }: JobVertex, subtaskIndex: number) {
  const inputs = fc.tuple(
    ...[0, 1].map((edgeId) =>
      fc.record(
        {
          ...{ edgeId: fc.constant(edgeId), numRecordsIn: count, channelCount: count },
          ...{ idleCount: count, endedCount: count, lowest: channel, highest: channel },
        },
        { requiredKeys: ['edgeId', 'numRecordsIn', 'channelCount', 'idleCount', 'endedCount'] },
      ),
    ),
  );
  const recent = fc.record(
    {
      spanMs: fc.constantFrom(500, 10_000),
      numRecordsOut: fc.array(count, { maxLength: 3 }),
      watermarkAdvanceMs: count,
    },
    { requiredKeys: ['spanMs', 'numRecordsOut'] },
  );
  const perSecond = fc.integer({ min: 0, max: 1200 });
  const rates = fc.record({
    ...{ numRecordsInPerSecond: count, numRecordsOutPerSecond: count },
    ...{ numBytesInPerSecond: count, numBytesOutPerSecond: count },
    ...{ busyTimeMsPerSecond: perSecond, backPressuredTimeMsPerSecond: perSecond },
    idleTimeMsPerSecond: perSecond,
  });
  const known = {
    ...{ vertexId: fc.constant(id), subtaskIndex: fc.constant(subtaskIndex) },
    ...{ numRecordsIn: count, numRecordsOut: count, currentInputWatermarkMs: watermarkMs },
    operators: fc.tuple(...operators.map(({ operatorId }) => operator(operatorId))),
  };
  return fc.record(
    { ...known, inputs, recent, rates },
    {
      requiredKeys: [
        ...(['vertexId', 'subtaskIndex', 'numRecordsIn', 'numRecordsOut'] as const),
        'currentInputWatermarkMs',
      ],
    },
  ) as unknown as fc.Arbitrary<TaskMetricsRecord>;
}

function subtask(of: JobVertex, subtaskIndex: number): fc.Arbitrary<SubtaskExecution> {
  const state = fc.constantFrom(...EXECUTION_STATES);
  const agoMs = fc.integer({ min: 0, max: 100_000 });
  return fc
    .record({ state, agoMs, metrics: fc.option(metrics(of, subtaskIndex), { nil: undefined }) })
    .map(({ state, agoMs, metrics: told }) => ({
      ...{ subtaskIndex, slotIndex: subtaskIndex, attemptNumber: 0, prior: [], state },
      times: { RUNNING: NOW_EPOCH_MS - agoMs, [state]: NOW_EPOCH_MS - agoMs },
      ...(told === undefined ? {} : { metrics: told }),
    }));
}

const job: fc.Arbitrary<DiagnosedJob> = fc
  .record({
    status: fc.constantFrom('CREATED', 'RUNNING', 'RESTARTING', 'FINISHED', 'FAILED', 'HIBERNATED'),
    intervalMs: fc.option(fc.constant(1000), { nil: undefined }),
    executions: fc.tuple(
      ...GRAPH.vertices.map((of) =>
        fc.tuple(subtask(of, 0), subtask(of, 1)).map((subtasks) => ({ vertexId: of.id, subtasks })),
      ),
    ),
  })
  .map(({ status, intervalMs, executions }) => ({
    ...{ nowEpochMs: NOW_EPOCH_MS, status, graph: GRAPH, executions },
    exceptions: { size: 16, entries: [], truncated: false },
    checkpointing: { timeoutMs: 60_000, ...(intervalMs === undefined ? {} : { intervalMs }) },
  })) as fc.Arbitrary<DiagnosedJob>;

describe('a diagnosis of anything', () => {
  it('is made, in order of severity, of what JSON can say', () => {
    fc.assert(
      fc.property(job, (known) => {
        const diagnosis = diagnoseJob(known);
        assert.deepEqual(JSON.parse(JSON.stringify(diagnosis)), diagnosis);
        const ranks = diagnosis.findings.map(({ severity }) => {
          return ['error', 'warning', 'info'].indexOf(severity);
        });
        assert.deepEqual(ranks, ranks.toSorted());
        assert.ok(diagnosis.summary.endsWith('.') && diagnosis.findings.length <= 12);
        for (const { sentence, evidence } of diagnosis.findings) {
          assert.doesNotMatch(sentence, /undefined|NaN|Infinity|9223372/);
          assert.ok(Object.keys(evidence).length > 0);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('is the same each time', () => {
    fc.assert(
      fc.property(job, (known) => assert.deepEqual(diagnoseJob(known), diagnoseJob(known))),
      { numRuns: 50 },
    );
  });
});
