import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';

describe('resolveParallelism', () => {
  it('prefers the operator to the environment and 1 where the node only works alone', () => {
    const g = new GraphFixture();
    const source = g.source('Source: data', { nonParallel: true });
    g.sink(g.map(source, 'Map', { parallelism: 5 }));
    const parallelism = g.build({ defaultParallelism: 3 }).nodes.map((node) => node.parallelism);
    assert.deepEqual(parallelism, [1, 5, 3]);
  });

  it('lowers the default to what a source can feed and refuses an explicit excess', () => {
    const capped = new GraphFixture();
    capped.sink(capped.source('Source: single', { limit: 1 }));
    assert.equal(capped.build({ defaultParallelism: 4 }).nodes[0]?.parallelism, 1);
    const excess = new GraphFixture();
    excess.source('Source: single', { limit: 1, parallelism: 2 });
    assert.throws(() => excess.build(), { code: 'PARALLELISM_ABOVE_MAX', message: /single/ });
  });

  it('refuses more subtasks than key groups', () => {
    const g = new GraphFixture();
    g.sink(g.source('Source: a', { parallelism: 5, maxParallelism: 4 }));
    assert.throws(() => g.build(), {
      code: 'PARALLELISM_ABOVE_MAX',
      message: /'Source: a'.*parallelism=5 maxParallelism=4/,
    });
  });

  it('refuses several subtasks of an operator that only works alone', () => {
    const g = new GraphFixture();
    g.map(g.source(), 'Window', { nonParallel: true, parallelism: 2 });
    assert.throws(() => g.build(), { code: 'NON_PARALLEL_OPERATOR', message: /'Window'/ });
  });

  it('refuses what is no parallelism or max parallelism', () => {
    for (const parallelism of [0, -1, 1.5, Number.NaN]) {
      const g = new GraphFixture();
      g.source('Source: a', { parallelism });
      assert.throws(() => g.build(), { code: 'INVALID_PARALLELISM' });
    }
    for (const maxParallelism of [0, 32_769, 1.5]) {
      const g = new GraphFixture();
      g.source('Source: a', { maxParallelism });
      assert.throws(() => g.build(), { code: 'INVALID_MAX_PARALLELISM' });
    }
  });

  it("takes the operator's max parallelism, then the environment's, then the formula", () => {
    const g = new GraphFixture();
    const map = g.map(g.source(), 'Map', { maxParallelism: 7, parallelism: 2 });
    g.sink(map, 'Sink: out', { parallelism: 100 });
    const max = (maxParallelism: number) =>
      generateJobGraph(g.build({ maxParallelism })).vertices.map((v) => v.maxParallelism);
    assert.deepEqual(max(-1), [128, 7, 256]);
    assert.deepEqual(max(200), [200, 7, 200]);
  });
});
