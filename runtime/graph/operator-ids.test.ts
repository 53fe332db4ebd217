import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture, via } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';
import { murmur3x128Hex } from './murmur3-128.ts';
import type { StreamGraph } from './stream-graph.ts';

const idsOf = (graph: StreamGraph) =>
  generateJobGraph(graph).vertices.flatMap((vertex) => vertex.operators.map((op) => op.operatorId));

describe('murmur3x128Hex', () => {
  it('agrees with the published vectors of the x64 128-bit variant, seed 0', () => {
    assert.equal(murmur3x128Hex(''), '0'.repeat(32));
    const fox = 'The quick brown fox jumps over the lazy dog';
    assert.equal(murmur3x128Hex(fox), '6c1b07bc7bbc4be347939ac4a93c437a');
  });
});

describe('operatorIds', () => {
  it('takes the id from the uid alone', () => {
    const g = new GraphFixture();
    g.sink(g.map(g.source(), 'Map', { uid: 'my-map' }));
    assert.equal(idsOf(g.build())[1], murmur3x128Hex('my-map'));
  });

  it('refuses two operators with one uid and names both', () => {
    const g = new GraphFixture();
    g.sink(g.map(g.source(), 'Map', { uid: 'x' }), 'Sink: out', { uid: 'x' });
    assert.throws(() => generateJobGraph(g.build()), {
      code: 'DUPLICATE_UID',
      message: /'Map' and 'Sink: out'.*uid=x/,
    });
  });

  it('gives operators without uid different ids that do not depend on names', () => {
    const program = (name: string) => {
      const g = new GraphFixture();
      const map = g.map(g.source(), name);
      g.sink(map);
      g.sink(map);
      return g.build();
    };
    const ids = idsOf(program('a'));
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(idsOf(program('b')), ids);
  });

  it('keeps ids when the parallelism of the whole job changes', () => {
    const g = new GraphFixture();
    g.sink(g.map(via(g.source(), 'HASH')));
    assert.deepEqual(idsOf(g.build({ defaultParallelism: 4 })), idsOf(g.build()));
  });

  it('changes the ids below an operator that was put in between', () => {
    const short = new GraphFixture();
    short.sink(short.source());
    const long = new GraphFixture();
    long.sink(long.map(long.source()));
    assert.notEqual(idsOf(short.build()).at(-1), idsOf(long.build()).at(-1));
  });

  it('reaches every operator of a graph whose branches differ in length', () => {
    const g = new GraphFixture();
    const [a, b] = [g.source('Source: a'), g.source('Source: b')];
    const long = g.map(g.map(g.map(b)));
    g.sink(g.coMap(a, g.coMap(long, a)));
    const ids = idsOf(g.build());
    assert.equal(ids.length, 8);
    assert.equal(new Set(ids).size, 8);
  });
});
