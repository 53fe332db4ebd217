import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture, via } from './graph-fixture.ts';
import { generateJobGraph, verticesOfDerivedMaxParallelism } from './job-graph-generator.ts';
import type { JobGraphOverrides } from './job-graph-overrides.ts';

function fixture() {
  const g = new GraphFixture();
  const map = g.map(via(g.source('Source: a', { limit: 2 }), 'HASH'), 'Map', { maxParallelism: 8 });
  g.sink(via(map, 'FORWARD'), 'Sink: b', { chaining: 'NEVER' });
  const graph = g.build();
  const plain = generateJobGraph(graph);
  const idOf = (name: string): string =>
    plain.vertices.find((vertex) => vertex.name === name)?.id ?? '';
  const generate = (overrides: JobGraphOverrides) => generateJobGraph(graph, overrides);
  return { graph, plain, idOf, generate };
}

describe('generateJobGraph with overrides', () => {
  it('changes parallelism and max parallelism, the hash, and nothing else', () => {
    const { plain, idOf, generate } = fixture();
    const parallelism = { [idOf('Map')]: 4, [idOf('Sink: b')]: 4 };
    const changed = generate({ parallelism, maxParallelism: { [idOf('Sink: b')]: 16 } });
    assert.deepEqual(
      changed.vertices.map((v) => [v.id, v.parallelism, v.maxParallelism]),
      [
        [idOf('Source: a'), 1, 128],
        [idOf('Map'), 4, 8],
        [idOf('Sink: b'), 4, 16],
      ],
    );
    assert.deepEqual(changed.edges, plain.edges);
    assert.notEqual(changed.hash, plain.hash);
  });

  it('refuses unknown vertices, more subtasks than fit, and forward ends that differ', () => {
    const { idOf, generate } = fixture();
    const refused = (parallelism: Record<string, number>, code: string): void => {
      assert.throws(() => generate({ parallelism }), { code });
    };
    refused({ feed: 2 }, 'UNKNOWN_VERTEX');
    refused({ [idOf('Map')]: 0 }, 'INVALID_PARALLELISM');
    refused({ [idOf('Map')]: 9, [idOf('Sink: b')]: 9 }, 'PARALLELISM_ABOVE_MAX');
    refused({ [idOf('Source: a')]: 3 }, 'PARALLELISM_ABOVE_MAX');
    refused({ [idOf('Map')]: 2 }, 'FORWARD_PARALLELISM_MISMATCH');
  });

  it('knows whose max parallelism was derived', () => {
    const { graph, plain, idOf } = fixture();
    const derived = verticesOfDerivedMaxParallelism(graph, plain);
    assert.deepEqual([...derived], [idOf('Source: a'), idOf('Sink: b')]);
  });
});
