import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chosenSuites } from './chosen-suites.ts';

describe('chosenSuites', () => {
  const files = [
    'integration/aws/smoke/smoke.itest.ts',
    'integration/aws/leases.long.itest.ts',
    'integration/aws/cancel.itest.ts',
    'integration/aws/chosen-suites.test.ts',
    'integration/other/x.itest.ts',
  ];
  const [smoke, long, cancel] = files;

  it('takes the short suites when nothing is said', () => {
    assert.deepEqual(chosenSuites(files, []), [cancel, smoke]);
  });

  it('takes all with --all', () => {
    assert.deepEqual(chosenSuites(files, ['--all']), [cancel, long, smoke]);
  });

  it('takes what a pattern names, long or short', () => {
    assert.deepEqual(chosenSuites(files, ['lease', 'smoke/']), [long, smoke]);
    assert.deepEqual(chosenSuites(files, ['nothing']), []);
  });
});
