import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { ECHO_MS, onInterrupt } from './interrupts.ts';

describe('onInterrupt', () => {
  it('cancels at the first signal, kills at the second, and then is done', () => {
    const source = new EventEmitter();
    const calls: string[] = [];
    let nowMs = 0;
    const handlers = {
      onCancel: () => calls.push('cancel'),
      onKill: () => calls.push('kill'),
    };
    const stop = onInterrupt(source, handlers, () => nowMs);
    source.emit('SIGINT');
    assert.deepEqual(calls, ['cancel']);
    nowMs = ECHO_MS - 1;
    source.emit('SIGINT');
    assert.deepEqual(calls, ['cancel'], 'an echo of the first');
    nowMs = ECHO_MS;
    source.emit('SIGTERM');
    source.emit('SIGINT');
    assert.deepEqual(calls, ['cancel', 'kill']);
    stop();
    assert.equal(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM'), 0);
  });
});
