import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExternalStore } from './external-store.ts';

const RECORD = { id: 'a', key: 1, value: 2, timeMs: 3 };

describe('ExternalStore', () => {
  it('shows what is committed of a job and of the state it started from', () => {
    const store = new ExternalStore(assert.fail);
    const base = { sink: 0, records: [RECORD] };
    store.prepare({ ...base, id: 't1', jobId: 'old' });
    store.prepare({ ...base, id: 't2', jobId: 'new' });
    store.prepare({ ...base, id: 't3', jobId: 'new' });
    store.commit('t1', 'old');
    store.commit('t2', 'new');
    store.commit('t2', 'new');
    assert.deepEqual(store.output('new', 0), [RECORD]);
    store.adopt('new', ['t1', 't3']);
    assert.deepEqual(store.output('new', 0), [RECORD, RECORD]);
    assert.deepEqual(store.output('new', 1), []);
    assert.deepEqual(store.uncommitted('new'), ['t3']);
  });

  it('refuses a commit of what was never prepared, and other records under one id', () => {
    const found: string[] = [];
    const store = new ExternalStore((what) => found.push(what));
    store.commit('t1', 'j');
    store.prepare({ id: 't2', sink: 0, jobId: 'j', records: [RECORD] });
    store.prepare({ id: 't2', sink: 0, jobId: 'j', records: [{ ...RECORD, id: 'b' }] });
    assert.equal(found.length, 2);
    assert.match(found[0] ?? '', /^I2: /);
    assert.match(found[1] ?? '', /^I1: /);
  });
});
