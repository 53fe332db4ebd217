/** Goal: counted by kinds, lanes are what they are. Method: against every channel, one by one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildExecutionGraph, type ExecutionGraph, type JobEdge } from '../../../graph/index.ts';
import { pipeline } from './cost-graph.conformance.ts';
import { costLayout, type Receivers } from './cost-layout.ts';

const PARTITIONERS = ['HASH', 'REBALANCE', 'RESCALE', 'BROADCAST', 'GLOBAL', 'FORWARD'] as const;

interface Counted {
  readonly shares: Record<string, number>;
  readonly fromSlots: Set<number>;
  channels: number;
}

/** `<to>:<from>`, from every channel of the graph. */
function lanesByChannel({ jobGraph, edges, vertices }: ExecutionGraph, taskSlots: number) {
  const lanes = new Map<string, Counted>();
  const slotsOf = (id: string) => vertices.find((one) => one.vertexId === id)?.subtasks ?? [];
  for (const edge of jobGraph.edges) {
    const [sources, targets] = [slotsOf(edge.sourceVertexId), slotsOf(edge.targetVertexId)];
    const channels = edges[edge.id]?.channels ?? [];
    for (const { from, to } of channels) {
      const [fromSlot, toSlot] = [sources[from]?.slotIndex ?? 0, targets[to]?.slotIndex ?? 0];
      const [sender, receiver] = [fromSlot, toSlot].map((slot) => Math.floor(slot / taskSlots));
      if (sender === receiver) continue;
      const name = `${receiver}:${sender}`;
      const lane = lanes.get(name) ?? { shares: {}, fromSlots: new Set<number>(), channels: 0 };
      lanes.set(name, lane);
      const mine = channels.filter((one) => one.from === from).length;
      const even = { BROADCAST: 1, GLOBAL: to === 0 ? 1 : 0 } as Record<string, number>;
      const share = (even[edge.partitioner] ?? 1 / mine) / sources.length;
      lane.shares[edge.id] = (lane.shares[edge.id] ?? 0) + share;
      lane.fromSlots.add(fromSlot);
      lane.channels += 1;
    }
  }
  return lanes;
}

/** Each lane in words, with the number of lanes into the same TaskManager; sorted. */
function expectedInboxes(graph: ExecutionGraph, taskSlots: number): readonly string[] {
  const lanes = lanesByChannel(graph, taskSlots);
  const taskManagers = Math.ceil(graph.slots.length / taskSlots);
  return Array.from({ length: taskManagers }, (_, index) =>
    [...lanes]
      .filter(([name]) => name.startsWith(`${index}:`))
      .map(([name, { shares, fromSlots, channels }]) => {
        const isAnswered = lanes.has(name.split(':').reverse().join(':'));
        const parts = Object.entries(shares).map(([id, share]) => `${id}=${share.toFixed(9)}`);
        return [fromSlots.size, channels, isAnswered, ...parts.sort()].join(',');
      })
      .sort()
      .join(' '),
  ).sort();
}

function inboxes(receivers: readonly Receivers[]): readonly string[] {
  return receivers
    .flatMap(({ taskManagers, lanes }) => {
      const inbox = lanes.flatMap(({ count, parts, fromSlots, channels, isAnswered }) => {
        const shares = parts.map(({ edgeId, share }) => `${edgeId}=${share.toFixed(9)}`);
        const text = [fromSlots, channels, isAnswered, ...shares.sort()].join(',');
        return Array.from({ length: count }, () => text);
      });
      return Array.from({ length: taskManagers }, () => inbox.sort().join(' '));
    })
    .sort();
}

interface Stage {
  readonly parallelism: number;
  readonly group: string;
  readonly partitioner: JobEdge['partitioner'];
  /** Stages before it that feed it. */
  readonly inputs: readonly number[];
}

function graphOf(stages: readonly Stage[]): ExecutionGraph {
  const id = (index: number): string => String(index).padStart(32, '0');
  const edges = stages.flatMap(({ inputs, partitioner }, to) =>
    [...new Set(inputs.map((input) => input % Math.max(1, to)))]
      .filter((from) => from < to)
      .map((from) => ({ from, to, partitioner })),
  );
  return buildExecutionGraph({
    jobName: 'stages',
    jobType: 'STREAMING',
    vertices: stages.map(({ parallelism, group }, index) => ({
      ...{ id: id(index), name: `stage ${index}`, parallelism, maxParallelism: 128 },
      slotSharingGroup: group,
      operators: [{ nodeId: index, operatorId: id(index), name: 'Map', operator: 'Map' }],
    })),
    edges: edges.map(({ from, to, partitioner }, index) => ({
      ...{ id: index, sourceVertexId: id(from), sourceNodeId: from, targetVertexId: id(to) },
      ...{ targetNodeId: to, inputIndex: 0, partitioner, exchange: 'PIPELINED' },
    })),
    hash: '0'.repeat(32),
  });
}

const stages = fc.array(
  fc.record({
    parallelism: fc.integer({ min: 1, max: 7 }),
    group: fc.constantFrom('default', 'other'),
    partitioner: fc.constantFrom(...PARTITIONERS),
    inputs: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 2, maxLength: 5 },
);

describe('costLayout', () => {
  it('finds the lanes into every TaskManager, whatever the job', () => {
    fc.assert(
      fc.property(stages, fc.integer({ min: 1, max: 6 }), (given, taskSlots) => {
        const graph = graphOf(given);
        const layout = costLayout(graph, taskSlots);
        assert.deepEqual(inboxes(layout.receivers), expectedInboxes(graph, taskSlots));
        const lanes = [...lanesByChannel(graph, taskSlots).values()];
        assert.equal(
          layout.channels,
          lanes.reduce((sum, { channels }) => sum + channels, 0),
        );
        for (const [edgeId, share] of layout.crossShares) {
          const sum = lanes.reduce((total, { shares }) => total + (shares[edgeId] ?? 0), 0);
          assert.ok(Math.abs(share - sum) < 1e-9);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('has as few kinds of lanes for a thousand TaskManagers as for ten', () => {
    const kinds = (parallelism: number): number => {
      const graph = pipeline({ parallelism, maxParallelism: 2048 });
      return costLayout(graph, 1).receivers.reduce((sum, { lanes }) => sum + lanes.length, 0);
    };
    assert.equal(kinds(1_000), kinds(10));
    assert.equal(
      costLayout(pipeline({ parallelism: 1_000, maxParallelism: 2048 }), 1).channels,
      999_000,
    );
  });
});
