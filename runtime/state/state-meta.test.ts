import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueStateDescriptor } from './descriptors.ts';
import { compareStateMeta, metaRecordOf, stateMetaOf } from './state-meta.ts';

const declared = (defaultValue: unknown) =>
  stateMetaOf('value', new ValueStateDescriptor<unknown>('seen', defaultValue) as never);
const stored = (defaultValue: unknown) => metaRecordOf(declared(defaultValue));

describe('compareStateMeta, of value states that declare no type', () => {
  it('refuses a default of another kind', () => {
    const change = compareStateMeta(stored(0), declared({ count: 0 }));
    const incompatible = 'its default is of another kind: stored=number declared=object';
    assert.deepEqual(change, { incompatible });
    assert.notEqual(compareStateMeta(stored([]), declared({})), 'compatible');
    assert.notEqual(compareStateMeta(stored(''), declared(0)), 'compatible');
  });

  it('takes another default of the same kind, and one that came or went', () => {
    assert.equal(compareStateMeta(stored(0), declared(5)), 'compatible');
    assert.equal(compareStateMeta(stored(0), declared(undefined)), 'compatible');
    assert.equal(compareStateMeta(stored(undefined), declared(5)), 'compatible');
  });
});
