import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FunctionEnvironment } from './function-environment.ts';

describe('FunctionEnvironment', () => {
  const environment = new FunctionEnvironment({ A: 'a', N: '3', EMPTY: '', ZERO: '0' });

  it('reads texts and counts', () => {
    assert.equal(environment.text('A'), 'a');
    assert.equal(environment.count('N'), 3);
    assert.equal(environment.optional('EMPTY'), undefined);
  });

  it('names what is missing or wrong', () => {
    for (const [name, read] of [
      ['MISSING', () => environment.text('MISSING')],
      ['EMPTY', () => environment.text('EMPTY')],
      ['ZERO', () => environment.count('ZERO')],
      ['A', () => environment.count('A')],
    ] as const) {
      const message = new RegExp(`variable=${name}$`);
      assert.throws(read, { code: 'ENVIRONMENT_INCOMPLETE', message });
    }
  });
});
