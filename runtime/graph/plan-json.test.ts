import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture, via } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';
import { executionPlanJson, jobPlanJson } from './plan-json.ts';

function program() {
  const g = new GraphFixture();
  const source = g.source('Source: orders');
  g.sink(source, 'Sink: raw');
  g.sink(g.coMap(via(source, 'HASH'), g.map(source), 'Co-Map', { parallelism: 2 }));
  return g.build();
}

describe('executionPlanJson', () => {
  it('lists operators in the shape of Flink, sinks last', () => {
    assert.deepEqual(executionPlanJson(program()).nodes, [
      {
        id: 1,
        type: 'Source: orders',
        pact: 'Data Source',
        contents: 'Source: orders',
        parallelism: 1,
      },
      {
        id: 3,
        type: 'Map',
        pact: 'Operator',
        contents: 'Map',
        parallelism: 1,
        predecessors: [{ id: 1, ship_strategy: 'FORWARD', side: 'first' }],
      },
      {
        id: 4,
        type: 'Co-Map',
        pact: 'Operator',
        contents: 'Co-Map',
        parallelism: 2,
        predecessors: [
          { id: 1, ship_strategy: 'HASH', side: 'first' },
          { id: 3, ship_strategy: 'REBALANCE', side: 'second' },
        ],
      },
      {
        id: 2,
        type: 'Sink: raw',
        pact: 'Data Sink',
        contents: 'Sink: raw',
        parallelism: 1,
        predecessors: [{ id: 1, ship_strategy: 'FORWARD', side: 'first' }],
      },
      {
        id: 5,
        type: 'Sink: print',
        pact: 'Data Sink',
        contents: 'Sink: print',
        parallelism: 1,
        predecessors: [{ id: 4, ship_strategy: 'REBALANCE', side: 'first' }],
      },
    ]);
  });
});

describe('jobPlanJson', () => {
  it('lists vertices with their inputs and describes chains as trees in HTML', () => {
    const graph = generateJobGraph(program());
    const plan = jobPlanJson(graph, 'a'.repeat(32));
    assert.equal(plan.name, 'job');
    assert.equal(plan.jid, 'a'.repeat(32));
    const [first, second] = plan.nodes;
    assert.equal(first?.description, 'Source: orders<br/>:- Sink: raw<br/>+- Map<br/>');
    assert.equal(first !== undefined && 'inputs' in first, false);
    assert.equal(second?.id, graph.vertices[1]?.id);
    assert.deepEqual(second?.inputs, [
      { num: 0, id: first?.id, ship_strategy: 'HASH', exchange: 'pipelined_bounded' },
      { num: 1, id: first?.id, ship_strategy: 'REBALANCE', exchange: 'pipelined_bounded' },
    ]);
    assert.deepEqual(second?.optimizer_properties, {});
  });

  it('escapes what names contain', () => {
    const g = new GraphFixture();
    g.sink(g.source('Source: a<b>&"c"'), 'Sink: x', { chaining: 'NEVER' });
    const [node] = jobPlanJson(generateJobGraph(g.build()), '0'.repeat(32)).nodes;
    assert.equal(node?.description, 'Source: a&lt;b&gt;&amp;&quot;c&quot;<br/>');
  });
});
