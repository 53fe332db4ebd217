import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editDistance, nearestName } from './nearest-name.ts';

describe('editDistance', () => {
  it('counts insertions, deletions, replacements and swaps', () => {
    assert.equal(editDistance('', 'abc'), 3);
    assert.equal(editDistance('abc', 'abc'), 0);
    assert.equal(editDistance('kitten', 'sitting'), 3);
    assert.equal(editDistance('paralellism', 'parallelism'), 1);
    assert.equal(editDistance('naem', 'name'), 1);
  });
});

describe('nearestName', () => {
  it('finds the nearest candidate whatever its case', () => {
    assert.equal(nearestName('Pipeline.Nmae', ['pipeline.jars', 'pipeline.name']), 'pipeline.name');
  });

  it('answers nothing when every candidate is far', () => {
    assert.equal(nearestName('colour', ['pipeline.name', 'parallelism.default']), undefined);
  });
});
