import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamExecutionEnvironment } from '../api/index.ts';
import type { CheckpointManifest, ManifestVertex } from '../checkpoint/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import { asOneRegion, planJobExecution } from './job-plan.ts';

function graphOf(parallelism: number, maxParallelism?: number): StreamGraph {
  const env = new StreamExecutionEnvironment().setParallelism(parallelism);
  const keyed = env
    .fromSequence(1, 9)
    .uid('numbers')
    .keyBy((n) => n)
    .map((n) => n)
    .uid('keyed');
  if (maxParallelism !== undefined) keyed.setMaxParallelism(maxParallelism);
  keyed.print().uid('print');
  return env.getStreamGraph();
}

const SEGMENT = {
  kind: 'BASE',
  checkpointId: 1,
  bytes: { inlineBase64: '' },
  chunks: [],
} as const;

/** As a checkpoint of the graph at the given max parallelism, all of it keyed. */
function manifestOf(graph: StreamGraph, maxParallelism: number): CheckpointManifest {
  const { jobGraph } = planJobExecution(graph, {}, undefined).executionGraph;
  const vertices = jobGraph.vertices.map(
    (vertex): ManifestVertex => ({
      vertexId: vertex.id,
      name: vertex.name,
      parallelism: vertex.parallelism,
      maxParallelism,
      operators: vertex.operators.map(({ operatorId, name }) => ({ operatorId, name })),
      subtasks: [
        {
          vertexId: vertex.id,
          subtaskIndex: 0,
          finished: false,
          operators: vertex.operators.map(({ operatorId }) => ({
            operatorId,
            keyedStates: [{ name: 'state', kind: 'value', version: 1 }],
            keyedSegments: [SEGMENT],
            operatorStates: [],
          })),
          channels: [],
        },
      ],
      inputs: [],
    }),
  );
  return {
    formatVersion: 1,
    kind: 'SAVEPOINT',
    checkpointId: 1,
    jobId: 'job',
    jobName: 'job',
    triggeredAtEpochMs: 0,
    completedAtEpochMs: 0,
    full: true,
    vertices,
    sources: [],
  };
}

const widths = (
  graph: StreamGraph,
  parallelism: Readonly<Record<string, number>>,
  manifest?: CheckpointManifest,
): readonly (readonly [number, number])[] =>
  planJobExecution(graph, parallelism, manifest).executionGraph.jobGraph.vertices.map(
    (vertex) => [vertex.parallelism, vertex.maxParallelism] as const,
  );

const idsOf = (graph: StreamGraph): readonly string[] =>
  planJobExecution(graph, {}, undefined).executionGraph.jobGraph.vertices.map(({ id }) => id);

const all = (graph: StreamGraph, parallelism: number): Record<string, number> =>
  Object.fromEntries(idsOf(graph).map((id) => [id, parallelism]));

describe('planJobExecution', () => {
  it('lays a new job out as its program says, with no overrides', () => {
    const plan = planJobExecution(graphOf(2), {}, undefined);
    assert.deepEqual(plan.overrides, {});
    assert.deepEqual(widths(graphOf(2), {}), [
      [2, 128],
      [2, 128],
    ]);
  });

  it('keeps the max parallelism of restored state where nobody chose one', () => {
    assert.deepEqual(widths(graphOf(2), {}, manifestOf(graphOf(100), 256)), [
      [2, 256],
      [2, 256],
    ]);
  });

  it('leaves a max parallelism that the program chose', () => {
    const [, keyed] = widths(graphOf(2, 64), {}, manifestOf(graphOf(2), 256));
    assert.deepEqual(keyed, [2, 64]);
  });

  it('keeps the key groups of a job that runs when its parallelism changes', () => {
    const graph = graphOf(2);
    assert.deepEqual(widths(graph, all(graph, 100)), [
      [100, 128],
      [100, 128],
    ]);
    assert.throws(() => widths(graph, all(graph, 129)), { code: 'PARALLELISM_ABOVE_MAX' });
  });

  it('refuses more subtasks than restored state has key groups', () => {
    const graph = graphOf(2);
    assert.throws(() => widths(graph, all(graph, 3), manifestOf(graph, 2)), {
      code: 'PARALLELISM_ABOVE_MAX',
    });
  });

  it('refuses vertices that the job has not, and what is no parallelism', () => {
    const graph = graphOf(1);
    assert.throws(() => widths(graph, { nobody: 2 }), { code: 'UNKNOWN_VERTEX' });
    for (const parallelism of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => widths(graph, all(graph, parallelism)), { code: 'INVALID_PARALLELISM' });
    }
  });
});

describe('asOneRegion', () => {
  it('joins pipelines that never meet, and keeps their slots', () => {
    const env = new StreamExecutionEnvironment().setParallelism(2);
    env.fromSequence(1, 9).print();
    env.fromSequence(1, 9).print();
    const plan = planJobExecution(env.getStreamGraph(), {}, undefined);
    assert.equal(plan.executionGraph.regions.length, 4);
    const { executionGraph } = asOneRegion(plan);
    assert.deepEqual(executionGraph.regions, [{ regionIndex: 0, slots: [0, 1, 2, 3], inputs: [] }]);
    assert.equal(executionGraph.slots, plan.executionGraph.slots);
    assert.equal(executionGraph.jobGraph.hash, plan.executionGraph.jobGraph.hash);
  });

  it('leaves a job alone that is one region already', () => {
    const plan = planJobExecution(graphOf(2), {}, undefined);
    assert.equal(asOneRegion(plan), plan);
  });
});
