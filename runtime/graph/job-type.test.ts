import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GraphFixture } from './graph-fixture.ts';
import { generateJobGraph } from './job-graph-generator.ts';
import type { RuntimeExecutionMode } from './job-type.ts';
import { jobPlanJson } from './plan-json.ts';

describe('the type of a job', () => {
  it('is STREAMING unless something else is said, whatever its sources are', () => {
    assert.equal(typeOf(undefined), 'STREAMING');
    assert.equal(typeOf('STREAMING'), 'STREAMING');
    assert.equal(typeOf('STREAMING', false), 'STREAMING');
  });

  it('is BATCH in AUTOMATIC if every source is bounded', () => {
    assert.equal(typeOf('AUTOMATIC'), 'BATCH');
    assert.equal(typeOf('AUTOMATIC', false), 'STREAMING');
  });

  it('is BATCH on demand, which a source without end cannot fulfil', () => {
    assert.equal(typeOf('BATCH'), 'BATCH');
    assert.throws(() => typeOf('BATCH', false), {
      code: 'UNBOUNDED_SOURCE',
      details: { operator: 'Source: clicks' },
      message: /'Source: clicks' has no end.*AUTOMATIC/,
    });
  });

  it('is part of the graph and its hash, and of the plan', () => {
    const [streaming, batch] = [graphOf('STREAMING'), graphOf('BATCH')].map((graph) =>
      generateJobGraph(graph),
    );
    assert.ok(streaming !== undefined && batch !== undefined);
    assert.notEqual(streaming.hash, batch.hash);
    assert.equal(jobPlanJson(batch, 'a'.repeat(32)).type, 'BATCH');
    assert.equal(jobPlanJson(streaming, 'a'.repeat(32)).type, 'STREAMING');
  });
});

function graphOf(runtimeMode?: RuntimeExecutionMode, isBounded = true) {
  const g = new GraphFixture();
  const numbers = g.source('Source: numbers');
  const clicks = g.source('Source: clicks', { isUnbounded: !isBounded });
  g.sink(g.coMap(numbers, clicks));
  return g.build(runtimeMode === undefined ? {} : { runtimeMode });
}

function typeOf(runtimeMode?: RuntimeExecutionMode, isBounded = true) {
  return graphOf(runtimeMode, isBounded).jobType;
}
