import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ManifestVertex } from '../checkpoint/index.ts';
import { OperatorIdentifier } from './operator-identifier.ts';
import { planSavepoint, renamedIdentifier, type SavepointEdits } from './savepoint-plan.ts';

const [a, b, c] = ['a', 'b', 'c'].map((uid) => OperatorIdentifier.forUid(uid)) as [
  OperatorIdentifier,
  OperatorIdentifier,
  OperatorIdentifier,
];
const NAMELESS = OperatorIdentifier.forUidHash('ABCDEFABCDEFABCDEFABCDEFABCDEFAB');

const vertex = {
  vertexId: 'v',
  name: 'v',
  parallelism: 1,
  maxParallelism: 128,
  operators: [
    { operatorId: a.operatorId, uid: 'a', name: 'A' },
    { operatorId: b.operatorId, uid: 'b', name: 'B' },
    { operatorId: NAMELESS.operatorId, name: 'N' },
  ],
  subtasks: [],
  inputs: [],
} satisfies ManifestVertex;

const NONE: SavepointEdits = { removed: [], added: [], renames: [] };

function planned(edits: Partial<SavepointEdits>): string[] {
  return planSavepoint({ vertices: [vertex] }, { ...NONE, ...edits }, '/path').map(
    ({ operator, renamed }) => `${operator.name} as ${renamed.uid}`,
  );
}

describe('planSavepoint', () => {
  it('keeps all but what is removed', () => {
    assert.deepEqual(planned({}), ['A as a', 'B as b', 'N as undefined']);
    assert.deepEqual(planned({ removed: [a, NAMELESS] }), ['B as b']);
  });

  it('lets an operator take the place of one that is removed', () => {
    assert.deepEqual(planned({ removed: [a], added: [a] }), ['B as b', 'N as undefined']);
    assert.throws(() => planned({ added: [a] }), { code: 'OPERATOR_EXISTS' });
  });

  it('gives a uid to an operator without one', () => {
    assert.deepEqual(planned({ renames: [{ from: NAMELESS, to: c }] })[2], 'N as c');
  });

  it('renames all at once: two operators swap, a chain is none', () => {
    const swap = [
      { from: a, to: b },
      { from: b, to: a },
    ];
    assert.deepEqual(planned({ renames: swap }).slice(0, 2), ['A as b', 'B as a']);
    const chain = [
      { from: a, to: b },
      { from: b, to: c },
    ];
    assert.deepEqual(planned({ renames: chain }).slice(0, 2), ['A as b', 'B as c']);
    assert.throws(() => planned({ renames: [{ from: a, to: b }] }), { code: 'OPERATOR_EXISTS' });
  });

  it('renames what is added, too', () => {
    const renames = [{ from: c, to: a }];
    assert.equal(renamedIdentifier(c, renames), a);
    assert.throws(() => planned({ added: [c], renames }), { code: 'OPERATOR_EXISTS' });
    assert.doesNotThrow(() => planned({ added: [c], removed: [a], renames }));
  });

  it('knows removed operators no more', () => {
    const renames = [{ from: a, to: c }];
    const gone = { code: 'OPERATOR_NOT_FOUND', message: /there are b, id abcdef.* \(N\)/ };
    assert.throws(() => planned({ removed: [a], renames }), gone);
  });
});

describe('OperatorIdentifier', () => {
  it('is a uid or 32 hexadecimal digits', () => {
    assert.equal(a.uid, 'a');
    assert.match(a.operatorId, /^[0-9a-f]{32}$/);
    assert.equal(NAMELESS.uid, undefined);
    assert.throws(() => OperatorIdentifier.forUidHash('abc'), { code: 'INVALID_ARGUMENT' });
    assert.throws(() => OperatorIdentifier.forUid(' '), { code: 'INVALID_NAME' });
  });
});
