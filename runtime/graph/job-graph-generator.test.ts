import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture, via } from './graph-fixture.ts';
import type { JobGraph } from './job-graph.ts';
import { canonicalJson, generateJobGraph } from './job-graph-generator.ts';

const names = (graph: JobGraph) => graph.vertices.map((vertex) => vertex.name);

describe('generateJobGraph: chaining', () => {
  it('chains forward operators of equal parallelism into one vertex', () => {
    const g = new GraphFixture();
    g.sink(g.map(g.map(g.source(), 'Map'), 'Filter'));
    const graph = generateJobGraph(g.build({ defaultParallelism: 2 }));
    assert.deepEqual(names(graph), ['Source: numbers -> Map -> Filter -> Sink: print']);
    assert.equal(graph.vertices[0]?.parallelism, 2);
    assert.equal(graph.edges.length, 0);
  });

  it('breaks the chain at a hash edge', () => {
    const g = new GraphFixture();
    g.sink(g.map(via(g.source(), 'HASH'), 'Keyed Reduce'));
    const graph = generateJobGraph(g.build());
    assert.deepEqual(names(graph), ['Source: numbers', 'Keyed Reduce -> Sink: print']);
    assert.deepEqual(
      graph.edges.map((edge) => [edge.id, edge.partitioner, edge.sourceNodeId, edge.targetNodeId]),
      [[0, 'HASH', 1, 2]],
    );
  });

  it('rebalances instead of chaining when the parallelism changes', () => {
    const g = new GraphFixture();
    g.sink(g.map(g.source('Source: one', { parallelism: 1 }), 'Map', { parallelism: 4 }));
    const graph = generateJobGraph(g.build({ defaultParallelism: 4 }));
    assert.deepEqual(names(graph), ['Source: one', 'Map -> Sink: print']);
    assert.equal(graph.edges[0]?.partitioner, 'REBALANCE');
  });

  it('names several chained outputs in parentheses and keeps their order', () => {
    const g = new GraphFixture();
    const map = g.map(g.source());
    g.sink(g.map(map, 'Filter'));
    g.sink(map, 'Sink: files');
    const [vertex] = generateJobGraph(g.build()).vertices;
    assert.equal(vertex?.name, 'Source: numbers -> Map -> (Filter -> Sink: print, Sink: files)');
    assert.deepEqual(
      vertex?.operators.map((op) => [op.nodeId, op.chainInput?.nodeId]),
      [
        [1, undefined],
        [2, 1],
        [3, 2],
        [4, 3],
        [5, 2],
      ],
    );
  });

  it('puts a union and a connect at the head of their own vertex', () => {
    const g = new GraphFixture();
    const [a, b] = [g.source('Source: a'), g.source('Source: b')];
    g.sink(g.map([a, b], 'Map'));
    g.sink(g.coMap(a, b));
    const graph = generateJobGraph(g.build());
    assert.deepEqual(names(graph), [
      'Source: a',
      'Source: b',
      'Map -> Sink: print',
      'Co-Map -> Sink: print',
    ]);
    assert.deepEqual(
      graph.edges.map((edge) => [edge.sourceNodeId, edge.targetNodeId, edge.inputIndex]),
      [
        [1, 3, 0],
        [2, 3, 0],
        [1, 5, 0],
        [2, 5, 1],
      ],
    );
    assert.ok(graph.edges.every((edge) => edge.partitioner === 'FORWARD'));
  });

  it('joins a diamond at a head and chains both of its sides to the source', () => {
    const g = new GraphFixture();
    const source = g.source();
    g.sink(g.coMap(g.map(source, 'left'), g.map(source, 'right')));
    const graph = generateJobGraph(g.build());
    assert.deepEqual(names(graph), ['Source: numbers -> (left, right)', 'Co-Map -> Sink: print']);
    assert.deepEqual(
      graph.edges.map((edge) => edge.sourceNodeId),
      [2, 3],
    );
  });

  it('keeps both edges of a stream united with itself', () => {
    const g = new GraphFixture();
    const source = g.source();
    g.sink([source, source]);
    assert.equal(generateJobGraph(g.build()).edges.length, 2);
  });

  it('carries side outputs within a chain and between vertices', () => {
    const g = new GraphFixture();
    const process = g.map(g.source(), 'Process');
    const late = { sourceNodeId: process.id, sideOutputTag: 'late' };
    g.sink(late, 'Sink: late');
    g.sink({ ...late, partitioner: { kind: 'REBALANCE' } }, 'Sink: far');
    const graph = generateJobGraph(g.build());
    assert.deepEqual(graph.vertices[0]?.operators[2]?.chainInput, {
      nodeId: process.id,
      sideOutputTag: 'late',
    });
    assert.equal(graph.edges[0]?.sideOutputTag, 'late');
  });

  it('obeys NEVER, HEAD and the switch of the whole job', () => {
    const g = new GraphFixture();
    const never = g.map(g.source(), 'never', { chaining: 'NEVER' });
    g.sink(g.map(never, 'head', { chaining: 'HEAD' }));
    const all = ['Source: numbers', 'never', 'head -> Sink: print'];
    assert.deepEqual(names(generateJobGraph(g.build())), all);
    assert.equal(generateJobGraph(g.build({ chainingEnabled: false })).vertices.length, 4);
  });

  it('inherits slot sharing groups and does not chain across them', () => {
    const g = new GraphFixture();
    const heavy = g.map(g.source(), 'heavy', { slotSharingGroup: 'big' });
    g.sink(heavy);
    g.sink(g.coMap(heavy, g.source('Source: b')), 'Sink: joined');
    const groups = generateJobGraph(g.build()).vertices.map((v) => [v.name, v.slotSharingGroup]);
    assert.deepEqual(groups, [
      ['Source: numbers', 'default'],
      ['heavy -> Sink: print', 'big'],
      ['Source: b', 'default'],
      ['Co-Map -> Sink: joined', 'default'],
    ]);
  });
});

describe('generateJobGraph: refusals and hash', () => {
  it('refuses an empty job', () => {
    assert.throws(() => generateJobGraph(new GraphFixture().build()), {
      kind: 'invalid',
      code: 'NO_OPERATORS',
      message: /fromSource/,
    });
  });

  it('refuses a job without a sink and says what to add', () => {
    const g = new GraphFixture();
    g.map(g.source());
    assert.throws(() => generateJobGraph(g.build()), { code: 'NO_SINK', message: /\.print\(\)/ });
  });

  it('refuses forward() between different parallelisms', () => {
    const g = new GraphFixture();
    const source = g.source('Source: a', { parallelism: 2 });
    g.sink(via(source, 'FORWARD'), 'Sink: b', { parallelism: 3 });
    assert.throws(() => g.build(), {
      code: 'FORWARD_PARALLELISM_MISMATCH',
      message: /Source: a.*\(2\).*Sink: b.*\(3\)/,
    });
  });

  it('gives the same program the same hash and another name or shape another one', () => {
    const program = (jobName: string, partition: 'HASH' | 'REBALANCE') => {
      const g = new GraphFixture();
      g.sink(via(g.source(), partition));
      return generateJobGraph(g.build({ jobName }));
    };
    const { hash } = program('a', 'HASH');
    assert.match(hash, /^[0-9a-f]{32}$/);
    assert.equal(program('a', 'HASH').hash, hash);
    assert.notEqual(program('b', 'HASH').hash, hash);
    assert.notEqual(program('a', 'REBALANCE').hash, hash);
  });

  it('is a plain JSON value', () => {
    const g = new GraphFixture();
    g.sink(g.map(g.source(), 'Map', { uid: 'my-map' }));
    const graph = generateJobGraph(g.build());
    assert.deepEqual(JSON.parse(JSON.stringify(graph)), graph);
  });
});

describe('canonicalJson', () => {
  it('sorts members at every depth and drops undefined ones', () => {
    const text = canonicalJson({ b: [{ z: 1, a: undefined, c: 2 }], a: 'x' });
    assert.equal(text, '{"a":"x","b":[{"c":2,"z":1}]}');
  });
});
