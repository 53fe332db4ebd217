import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureText } from './test-failure.ts';

const relativePath = (file: string): string => file.replace('/repo/', '');

describe('failureText', () => {
  it('shows place, error and causes, without Node’s own frames', () => {
    const thrown = new Error('outer', { cause: new TypeError('inner') });
    thrown.stack = 'Error: outer\n    at f (/repo/a.ts:1:2)\n    at node:internal/x:1:1';
    (thrown.cause as Error).stack = 'TypeError: inner';
    const error = new Error('outer', { cause: thrown });
    const failure = { name: 'adds', file: '/repo/a.test.ts', line: 7, details: { error } };
    assert.equal(
      failureText(failure, relativePath),
      [
        'FAILED adds',
        '  a.test.ts:7',
        '    Error: outer',
        '        at f (/repo/a.ts:1:2)',
        '    caused by: TypeError: inner',
      ].join('\n'),
    );
  });

  it('leaves out suites that failed for a test inside', () => {
    const error = Object.assign(new Error('1 subtest failed'), { failureType: 'subtestsFailed' });
    assert.equal(failureText({ name: 'suite', details: { error } }, relativePath), undefined);
  });

  it('names the file whose process failed', () => {
    const file = '/repo/a.test.ts';
    const failure = { name: file, file, line: 1, details: { error: new Error('test failed') } };
    assert.match(
      failureText(failure, relativePath) ?? '',
      /^FAILED a\.test\.ts\n.*\n {4}the process/,
    );
  });
});
