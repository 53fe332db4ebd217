import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildExecutionGraph, requiredSlots } from './execution-graph.ts';
import { GraphFixture, via } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';

function channels(
  kind: 'FORWARD' | 'RESCALE' | 'HASH' | 'BROADCAST',
  from: number,
  to: number,
): string {
  const g = new GraphFixture();
  const source = g.source('Source: a', { parallelism: from });
  g.sink(via(source, kind), 'Sink: b', { parallelism: to, chaining: 'NEVER' });
  const graph = buildExecutionGraph(generateJobGraph(g.build()));
  return (graph.edges[0]?.channels ?? []).map((ends) => `${ends.from}>${ends.to}`).join(' ');
}

describe('buildExecutionGraph', () => {
  it('connects forward one to one and hash and broadcast all to all', () => {
    assert.equal(channels('FORWARD', 3, 3), '0>0 1>1 2>2');
    assert.equal(channels('HASH', 2, 2), '0>0 1>0 0>1 1>1');
    assert.equal(channels('BROADCAST', 1, 2), '0>0 0>1');
  });

  it('connects rescale to neighbours both ways', () => {
    assert.equal(channels('RESCALE', 2, 4), '0>0 0>1 1>2 1>3');
    assert.equal(channels('RESCALE', 4, 2), '0>0 1>0 2>1 3>1');
    assert.equal(channels('RESCALE', 2, 3), '0>0 0>1 1>2');
    assert.equal(channels('RESCALE', 3, 2), '0>0 1>1 2>1');
  });

  it('covers all key groups with contiguous ranges', () => {
    const g = new GraphFixture();
    g.sink(via(g.source(), 'HASH'), 'Sink: b', { parallelism: 3, maxParallelism: 10 });
    const [, vertex] = buildExecutionGraph(generateJobGraph(g.build())).vertices;
    assert.deepEqual(
      vertex?.subtasks.map(({ keyGroups }) => [keyGroups.start, keyGroups.end]),
      [
        [0, 3],
        [4, 6],
        [7, 9],
      ],
    );
  });

  it('puts subtask i of every vertex of a group into slot i and counts the slots', () => {
    const g = new GraphFixture();
    const map = g.map(via(g.source(), 'REBALANCE'), 'Map', { parallelism: 3 });
    g.sink(via(map, 'HASH'), 'Sink: b', { parallelism: 2, slotSharingGroup: 'sinks' });
    const graph = buildExecutionGraph(generateJobGraph(g.build()));
    const names = new Map(graph.jobGraph.vertices.map((vertex) => [vertex.id, vertex.name]));
    const slots = graph.slots.map((slot) =>
      slot.subtasks.map((task) => `${names.get(task.vertexId)}#${task.subtaskIndex}`),
    );
    assert.deepEqual(slots, [
      ['Source: numbers#0', 'Map#0'],
      ['Map#1'],
      ['Map#2'],
      ['Sink: b#0'],
      ['Sink: b#1'],
    ]);
    const sink = graph.vertices.at(-1);
    assert.deepEqual(
      sink?.subtasks.map((task) => task.slotIndex),
      [3, 4],
    );
    assert.deepEqual(graph.slots[3]?.slotSharingGroup, 'sinks');
  });

  it('makes one region of slots that channels join', () => {
    const g = new GraphFixture();
    g.sink(via(g.source('Source: a', { parallelism: 2 }), 'HASH'), 'Sink: b', { parallelism: 3 });
    const graph = buildExecutionGraph(generateJobGraph(g.build()));
    assert.deepEqual(graph.regions, [{ regionIndex: 0, slots: [0, 1, 2], inputs: [] }]);
  });

  it('makes a region of every subtask in BATCH, which names those whose results it reads', () => {
    const g = new GraphFixture();
    const numbers = g.source('Source: a', { parallelism: 2 });
    const counts = g.map(via(numbers, 'HASH'), 'Count', { parallelism: 3 });
    g.sink(via(counts, 'GLOBAL'), 'Sink: b', { parallelism: 1 });
    const graph = buildExecutionGraph(generateJobGraph(g.build({ runtimeMode: 'BATCH' })));
    assert.deepEqual(
      graph.regions.map(({ slots, inputs }) => [slots, inputs]),
      [
        [[0], []],
        [[1], []],
        [[2], [0, 1]],
        [[3], [0, 1]],
        [[4], [0, 1]],
        [[5], [2, 3, 4]],
      ],
    );
    const pipelined = g.build({ runtimeMode: 'BATCH', batchExchange: 'PIPELINED' });
    const { regions } = buildExecutionGraph(generateJobGraph(pipelined));
    assert.deepEqual(regions, [{ regionIndex: 0, slots: [0, 1, 2], inputs: [] }]);
  });

  it('gives every subtask without channels to others its own region', () => {
    const g = new GraphFixture();
    g.sink(g.source('Source: a', { parallelism: 3 }), 'Sink: b', { parallelism: 3 });
    const graph = buildExecutionGraph(generateJobGraph(g.build()));
    assert.deepEqual(
      graph.regions.map(({ slots }) => slots),
      [[0], [1], [2]],
    );
  });

  it('separates pipelines that never meet, though they share slots in the count', () => {
    const g = new GraphFixture();
    g.sink(via(g.source('Source: a'), 'HASH'), 'Sink: b', { parallelism: 2 });
    g.sink(via(g.source('Source: c'), 'HASH'), 'Sink: d', { parallelism: 3 });
    const jobGraph = generateJobGraph(g.build());
    const graph = buildExecutionGraph(jobGraph);
    assert.deepEqual(
      graph.regions.map(({ slots }) => slots),
      [
        [0, 1],
        [2, 3, 4],
      ],
    );
    assert.equal(requiredSlots(jobGraph), 3);
  });
});
