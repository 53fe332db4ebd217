import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loggerWith } from './logger-with.ts';

describe('loggerWith', () => {
  it('adds where a line comes from, under what the line says itself', () => {
    const lines: unknown[] = [];
    const logger = loggerWith({ log: (...line) => void lines.push(line) }, { jobId: 'j', slot: 0 });
    logger.log('info', 'one');
    logger.log('warn', 'two', { slot: 1, code: 'C' });
    assert.deepEqual(lines, [
      ['info', 'one', { jobId: 'j', slot: 0 }],
      ['warn', 'two', { jobId: 'j', slot: 1, code: 'C' }],
    ]);
  });
});
