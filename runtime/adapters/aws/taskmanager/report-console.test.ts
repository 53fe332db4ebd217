import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportConsole } from './report-console.ts';

describe('reportConsole', () => {
  it('makes a line of the log of what a job writes, formatted as the console does', () => {
    const lines: unknown[] = [];
    const nothing = (..._: readonly unknown[]): void => {};
    const target = { debug: nothing, log: nothing, info: nothing, warn: nothing, error: nothing };
    reportConsole((line) => void lines.push(line), target);
    target.log('seen %d of', 3, { word: 'a' });
    target.error(new Error('broken').message);
    target.debug('quiet');
    const fields = { console: true };
    assert.deepEqual(lines, [
      { type: 'log', level: 'info', message: "seen 3 of { word: 'a' }", fields },
      { type: 'log', level: 'error', message: 'broken', fields },
      { type: 'log', level: 'debug', message: 'quiet', fields },
    ]);
  });
});
