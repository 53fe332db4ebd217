import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamExecutionEnvironment } from '../api/index.ts';
import { Configuration } from '../core/index.ts';
import { buildExecutionGraph, generateJobGraph } from '../graph/index.ts';
import { deployedTasks, inputsOf } from './deployed-tasks.ts';
import type { RegionState } from './job-state.ts';

/** `numbers` (2) → `spread` (4), each reading one; → `keyed` (3), each reading all. */
function layout() {
  const env = new StreamExecutionEnvironment({ configuration: Configuration.fromRecord({}) });
  env
    .fromSequence(1, 10)
    .setParallelism(2)
    .rescale()
    .map((n) => n)
    .setParallelism(4)
    .keyBy((n) => n)
    .map((n) => n)
    .setParallelism(3)
    .print();
  return buildExecutionGraph(generateJobGraph(env.getStreamGraph('j')));
}

/** A region a slot; the attempt is the slot's number and ten. */
function regions(slots: number): readonly RegionState[] {
  return Array.from({ length: slots }, (_, slotIndex) => ({
    ...{ phase: 'RUNNING' as const, attempt: 10 + slotIndex, isDue: false },
    slots: [{ slotIndex, status: 'RUNNING' as const }],
  }));
}

describe('deployed tasks', () => {
  it('are all subtasks, with the attempt of their slot', () => {
    const graph = layout();
    const tasks = deployedTasks(graph, regions(4));
    assert.equal(tasks.length, graph.vertices.flatMap(({ subtasks }) => subtasks).length);
    assert.deepEqual(
      tasks.slice(0, 2).map(({ attempt }) => attempt),
      [10, 11],
    );
  });

  it('read from all of a vertex, or from some of it', () => {
    const graph = layout();
    const read = deployedTasks(graph, regions(4)).map((task) =>
      inputsOf(graph, task).map(({ subtaskIndexes = 'all' }) => subtaskIndexes),
    );
    const spread = [[[0]], [[0]], [[1]], [[1]]];
    assert.deepEqual(read.slice(0, 9), [[], [], ...spread, ['all'], ['all'], ['all']]);
  });

  it('read from the channels that are laid out', () => {
    const graph = layout();
    for (const edge of graph.jobGraph.edges) {
      const { channels = [] } = graph.edges[edge.id] ?? {};
      const source = graph.vertices.find(({ vertexId }) => vertexId === edge.sourceVertexId);
      const all = (source?.subtasks ?? []).map(({ subtaskIndex }) => subtaskIndex);
      for (const to of new Set(channels.map((channel) => channel.to))) {
        const task = { vertexId: edge.targetVertexId, subtaskIndex: to };
        const [input] = inputsOf(graph, task);
        const expected = channels.filter((channel) => channel.to === to).map(({ from }) => from);
        assert.deepEqual(input?.subtaskIndexes ?? all, expected);
      }
    }
  });
});
