import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ListStateDescriptor, MapStateDescriptor, OperatorStateBackend } from './index.ts';

describe('OperatorStateBackend', () => {
  it('snapshots lists, union lists and broadcast states', () => {
    const backend = new OperatorStateBackend('Test');
    const list = backend.getListState(new ListStateDescriptor<number>('offsets'));
    list.update([1, 2]);
    list.add(3);
    list.addAll(list.get());
    backend.getUnionListState(new ListStateDescriptor<string>('all')).add('x');
    const rules = backend.getBroadcastState(
      new MapStateDescriptor<{ id: number }, string>('rules'),
    );
    rules.putAll([
      [{ id: 1 }, 'one'],
      [{ id: 2 }, 'two'],
    ]);
    rules.remove({ id: 1 });
    assert.deepEqual(backend.snapshot(), [
      { name: 'offsets', mode: 'SPLIT_DISTRIBUTE', items: [1, 2, 3, 1, 2, 3] },
      { name: 'all', mode: 'UNION', items: ['x'] },
      { name: 'rules', mode: 'BROADCAST', items: [[{ id: 2 }, 'two']] },
    ]);
  });

  it('has the restored items of all calls when a state is registered', () => {
    const backend = new OperatorStateBackend('Test');
    backend.restore('offsets', 'SPLIT_DISTRIBUTE', [1]);
    backend.restore('offsets', 'SPLIT_DISTRIBUTE', [2, 3]);
    const rule = [{ id: 1 }, 'one'];
    backend.restore('rules', 'BROADCAST', [rule]);
    backend.restore('rules', 'BROADCAST', [rule]);
    assert.deepEqual(backend.getListState(new ListStateDescriptor('offsets')).get(), [1, 2, 3]);
    const rules = backend.getBroadcastState(
      new MapStateDescriptor<{ id: number }, string>('rules'),
    );
    assert.equal(rules.get({ id: 1 }), 'one');
    assert.equal(rules.contains({ id: 2 }), false);
    assert.deepEqual([[...rules.keys()], [...rules.values()]], [[{ id: 1 }], ['one']]);
    assert.equal(rules.isEmpty(), false);
    rules.clear();
    assert.equal(rules.isEmpty(), true);
  });

  it('carries along what nobody registers', () => {
    const backend = new OperatorStateBackend('Test');
    backend.restore('old', 'UNION', ['x']);
    const list = backend.getListState(new ListStateDescriptor<number>('new'));
    list.add(1);
    list.clear();
    assert.deepEqual(backend.snapshot(), [
      { name: 'new', mode: 'SPLIT_DISTRIBUTE', items: [] },
      { name: 'old', mode: 'UNION', items: ['x'] },
    ]);
  });

  it('gives the same state for the same name and refuses a second kind', () => {
    const backend = new OperatorStateBackend('Test');
    const descriptor = new ListStateDescriptor<number>('s');
    assert.equal(backend.getListState(descriptor), backend.getListState(descriptor));
    assert.throws(() => backend.getUnionListState(descriptor), {
      kind: 'invalid',
      code: 'STATE_NAME_CLASH',
      message: /state "s" is registered as list and as union list state.*operator=Test/,
    });
  });

  it('refuses a restored state of another kind', () => {
    const backend = new OperatorStateBackend('Test');
    backend.restore('s', 'BROADCAST', []);
    assert.throws(() => backend.getListState(new ListStateDescriptor('s')), {
      kind: 'invalid',
      code: 'STATE_INCOMPATIBLE',
      message: /restored state "s".*kind changed: stored=broadcast declared=list operator=Test/,
    });
  });

  it('refuses to be restored after the state was registered', () => {
    const backend = new OperatorStateBackend('Test');
    backend.getListState(new ListStateDescriptor('s'));
    assert.throws(() => backend.restore('s', 'SPLIT_DISTRIBUTE', []), { code: 'ASSERTION' });
  });
});
