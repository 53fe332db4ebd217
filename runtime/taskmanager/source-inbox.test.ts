import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SourceEvent } from '../protocol/index.ts';
import { SourceInbox } from './source-inbox.ts';

const TASK = { vertexId: 'v', subtaskIndex: 0 };

function split(name: string): SourceEvent {
  return { type: 'add-splits', splits: [name] };
}

function inboxOf() {
  const ahead = {
    waiting: [] as number[],
    isHeld: false,
    newestWaitingId: () => ahead.waiting.at(-1),
    isWaiting: (id: number) => ahead.waiting.includes(id),
  };
  const handled: string[] = [];
  const inbox = new SourceInbox(ahead, (event) => {
    handled.push(event.type === 'add-splits' ? String(event.splits[0]) : event.type);
  });
  return { ahead, handled, inbox };
}

describe('SourceInbox', () => {
  it('hands on at once what need not wait, and remembers what is said once', () => {
    const { inbox, handled } = inboxOf();
    inbox.take(split('a'));
    inbox.take({ type: 'no-more-splits' });
    inbox.take('drain');
    assert.deepEqual(handled, ['a', 'no-more-splits']);
    assert.deepEqual([inbox.noMoreSplits, inbox.drainRequested], [true, true]);
    assert.deepEqual(inbox.waiting(TASK), []);
  });

  it('keeps what came after a trigger until its snapshot, and all behind it in order', () => {
    const { inbox, ahead, handled } = inboxOf();
    ahead.waiting = [3];
    inbox.take(split('a'));
    ahead.waiting = [3, 4];
    inbox.take('drain');
    ahead.waiting = [4];
    inbox.handleDue();
    assert.deepEqual(handled, ['a']);
    assert.equal(inbox.drainRequested, false);
    ahead.waiting = [];
    inbox.handleDue();
    assert.equal(inbox.drainRequested, true);
  });

  it('keeps everything while the task is held, as what is left to its successor', () => {
    const { inbox, ahead, handled } = inboxOf();
    ahead.isHeld = true;
    inbox.take(split('before'));
    ahead.waiting = [7];
    inbox.take(split('after'));
    ahead.waiting = [];
    inbox.take('drain');
    inbox.handleDue();
    assert.deepEqual(handled, []);
    assert.deepEqual(inbox.waiting(TASK), [
      { command: { type: 'source-event', task: TASK, event: split('before') }, after: 0 },
      { command: { type: 'source-event', task: TASK, event: split('after') }, after: 7 },
      { command: { type: 'drain' }, after: 7 },
    ]);
    ahead.isHeld = false;
    inbox.handleDue();
    assert.deepEqual(handled, ['before', 'after']);
  });

  it('forgets what waits when it is cleared', () => {
    const { inbox, ahead, handled } = inboxOf();
    ahead.isHeld = true;
    inbox.take(split('a'));
    inbox.clear();
    ahead.isHeld = false;
    inbox.handleDue();
    assert.deepEqual(handled, []);
  });
});
