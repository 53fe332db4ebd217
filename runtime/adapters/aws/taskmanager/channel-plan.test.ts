import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ExecutionGraph } from '../../../graph/index.ts';
import { buildExecutionGraph } from '../../../graph/index.ts';
import { planChannels, slotsOfTaskManager, taskManagerCount } from './channel-plan.ts';

/** Source → counts, all with all. */
function graphOf(sources: number, counts: number): ExecutionGraph {
  const vertex = (id: string, parallelism: number) => ({
    ...{ id, name: id, parallelism, maxParallelism: 128, slotSharingGroup: 'default' },
    operators: [{ nodeId: 1, operatorId: id, name: id, operator: id }],
  });
  return buildExecutionGraph({
    jobName: 'test',
    jobType: 'STREAMING',
    hash: '',
    vertices: [vertex('a', sources), vertex('b', counts)],
    edges: [
      {
        ...{ id: 0, sourceVertexId: 'a', sourceNodeId: 1, targetVertexId: 'b', targetNodeId: 1 },
        ...{ inputIndex: 0, partitioner: 'HASH', exchange: 'PIPELINED' },
      },
    ],
  });
}

describe('planChannels', () => {
  it('gives every channel between slots one owner, or one end to each of two', () => {
    const parallelism = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(parallelism, parallelism, parallelism, (sources, counts, perTaskManager) => {
        const graph = graphOf(sources, counts);
        const hosts = Array.from({ length: taskManagerCount(graph, perTaskManager) }, (_, i) => i);
        const plans = hosts.map((host) => planChannels(graph, host, perTaskManager));
        const inner = plans.flatMap((plan) => plan.inner.map(({ key }) => key));
        const outgoing = plans.flatMap((plan) => plan.outgoing.map(({ key }) => key));
        const incoming = plans.flatMap((plan) => plan.incoming.map(({ key }) => key));
        assert.deepEqual(outgoing.toSorted(), incoming.toSorted());
        assert.equal(new Set([...inner, ...outgoing]).size, inner.length + outgoing.length);
        const calls = Math.min(sources, counts);
        assert.equal(inner.length + outgoing.length, sources * counts - calls);
      }),
    );
  });

  it('names the other end, and the same window at both', () => {
    const graph = graphOf(3, 3);
    for (const host of [0, 1, 2]) {
      for (const { key, peer, windowBytes } of planChannels(graph, host, 1).outgoing) {
        const there = planChannels(graph, peer, 1).incoming.find((one) => one.key === key);
        assert.deepEqual([there?.peer, there?.windowBytes], [host, windowBytes]);
      }
    }
  });

  it('deals out slots without a rest', () => {
    const graph = graphOf(5, 5);
    const slots = [0, 1, 2].map((host) => slotsOfTaskManager(graph, host, 2));
    assert.deepEqual(slots, [[0, 1], [2, 3], [4]]);
  });
});
