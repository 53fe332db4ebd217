import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decideParallelism, withParallelism } from './adaptive-parallelism.ts';
import {
  buildExecutionGraph,
  type ExecutionGraph,
  mostSlotsAtOnce,
  requiredSlots,
} from './execution-graph.ts';
import { GraphFixture, via } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';

const adaptive = { maxParallelism: 16, sourceParallelism: 2 };

/** source ─┬─ hash ─▶ count ─▶ join ─▶ sink; what has no arrow is broadcast. */
function layout(maxParallelism = 16): ExecutionGraph {
  const g = new GraphFixture();
  const numbers = g.map(g.source(), 'Parse');
  const counts = g.map(via(numbers, 'HASH'), 'Count');
  const rules = g.source('Source: rules');
  const joined = g.coMap(via(counts, 'HASH'), via(rules, 'BROADCAST'), 'Join');
  g.sink(joined, 'Sink: print');
  const graph = g.build({ runtimeMode: 'BATCH', adaptive: { ...adaptive, maxParallelism } });
  return buildExecutionGraph(generateJobGraph(graph));
}

describe('adaptive parallelism', () => {
  it('is of vertices whose parallelism nobody has set, chained as they would be', () => {
    const { jobGraph } = layout();
    assert.deepEqual(
      jobGraph.vertices.map((v) => [v.name, v.parallelism, v.adaptive ?? false]),
      [
        ['Source: numbers -> Parse', 2, false],
        ['Count', 16, true],
        ['Source: rules', 2, false],
        ['Join -> Sink: print', 16, true],
      ],
    );
  });

  it('leaves alone what has a parallelism, and has no neighbours where it is open', () => {
    const g = new GraphFixture();
    const fixed = g.map(via(g.source(), 'HASH'), 'Fixed', { parallelism: 3 });
    const open = g.map(fixed, 'Open');
    g.sink(open, 'Sink: all', { nonParallel: true });
    const { vertices, edges } = generateJobGraph(g.build({ runtimeMode: 'BATCH', adaptive }));
    assert.deepEqual(
      vertices.map((v) => [v.name, v.parallelism, v.adaptive ?? false]),
      [
        ['Source: numbers', 2, false],
        ['Fixed', 3, false],
        ['Open', 16, true],
        ['Sink: all', 1, false],
      ],
    );
    assert.deepEqual(
      edges.map(({ partitioner }) => partitioner),
      ['HASH', 'REBALANCE', 'REBALANCE'],
    );
    const together = g.build({ runtimeMode: 'BATCH', batchExchange: 'PIPELINED', adaptive });
    assert.ok(generateJobGraph(together).vertices.every((v) => v.adaptive === undefined));
  });

  it('is bounded by the key groups there are, follows forward(), and needs one slot', () => {
    const g = new GraphFixture();
    const forward = via(g.source(), 'FORWARD');
    const counts = g.map(via(g.map(forward, 'Parse'), 'HASH'), 'Count');
    g.sink(g.map(counts, 'Few', { maxParallelism: 3 }));
    const settings = { runtimeMode: 'BATCH', adaptive, maxParallelism: 8 } as const;
    const jobGraph = generateJobGraph(g.build(settings));
    assert.deepEqual(
      jobGraph.vertices.map((v) => [v.name, v.parallelism]),
      [
        ['Source: numbers -> Parse', 2],
        ['Count', 8],
        ['Few -> Sink: print', 3],
      ],
    );
    assert.equal(requiredSlots(jobGraph), 2);
    assert.equal(mostSlotsAtOnce(buildExecutionGraph(jobGraph)), 8);
  });

  it('is what the input is worth, between limits; what all read counts for half at most', () => {
    const limits = { minParallelism: 2, maxParallelism: 8, bytesPerTask: 100 };
    const of = (inputBytes: number, broadcastBytes = 0): number =>
      decideParallelism({ inputBytes, broadcastBytes }, limits);
    assert.deepEqual([of(0), of(250), of(301), of(10_000)], [2, 3, 4, 8]);
    assert.deepEqual([of(300, 25), of(300, 1000)], [4, 6]);
  });

  it('gives every key group and every piece to one subtask', () => {
    const sizes = fc.integer({ min: 1, max: 16 });
    fc.assert(
      fc.property(sizes, sizes, sizes, (most, a, b) => {
        const open = layout(most);
        const [, count, , join] = open.jobGraph.vertices;
        assert.ok(count !== undefined && join !== undefined);
        const decided = { [count.id]: Math.min(a, most), [join.id]: Math.min(b, most) };
        const graph = withParallelism(open, decided);
        assert.equal(graph.jobGraph.hash, open.jobGraph.hash);
        assert.deepEqual(
          graph.regions.map(({ slots }) => slots),
          open.regions.map(({ slots }) => slots),
        );
        for (const { vertexId, subtasks } of graph.vertices) {
          const vertex = graph.jobGraph.vertices.find((v) => v.id === vertexId);
          assert.equal(subtasks.length, vertex?.parallelism);
          const before = open.vertices.find((v) => v.vertexId === vertexId)?.subtasks ?? [];
          assert.equal(subtasks[0]?.keyGroups.start, 0);
          assert.equal(subtasks.at(-1)?.keyGroups.end, before.at(-1)?.keyGroups.end);
          for (const [at, { keyGroups }] of subtasks.slice(1).entries()) {
            assert.equal(keyGroups.start, (subtasks[at]?.keyGroups.end ?? -2) + 1);
          }
        }
        const [intoCount, intoJoin] = graph.edges;
        for (const edge of [intoCount, intoJoin]) {
          for (const [, channels] of Map.groupBy(edge?.channels ?? [], ({ from }) => from)) {
            const pieces = channels.flatMap(({ pieces: [start, end] = [0, 0] }) =>
              Array.from({ length: end - start }, (_, index) => start + index),
            );
            assert.deepEqual(pieces, [...Array(most).keys()]);
          }
        }
        const senders = new Set(intoJoin?.channels.map(({ from }) => from));
        assert.equal(senders.size, decided[count.id]);
      }),
    );
  });
});
