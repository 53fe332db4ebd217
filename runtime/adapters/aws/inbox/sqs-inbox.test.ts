import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isStreamError } from '../../../core/index.ts';
import { encodeItems, type InboxItem, packItem } from './envelope.ts';
import { DEAD_LETTERS, InboxWorld, JOB, urlOf } from './inbox-world.conformance.ts';

const CHANNEL = { edgeId: 1, fromSubtask: 0, toSubtask: 1 };

function frame(sequence: number, sizeBytes = 10): InboxItem {
  const bytes = new Uint8Array(sizeBytes).fill(sequence);
  return { type: 'frame', channel: CHANNEL, lease: 0, sequence, bytes };
}

function message(attempt: number, ...items: InboxItem[]): Uint8Array {
  return encodeItems({ jobId: JOB, attempt }, items.map(packItem));
}

function codesOf(thrown: readonly unknown[]): readonly string[] {
  return thrown.map((error) => (isStreamError(error) ? error.code : String(error)));
}

function kindsOf(thrown: readonly unknown[]): readonly string[] {
  return thrown.map((error) => (isStreamError(error) ? error.kind : String(error)));
}

describe('an inbox', () => {
  it('hands over everything, though messages come twice, late, and calls fail', async () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const world = new InboxWorld(seed, {
        ...{ duplicateRate: 0.2, maxDelayMs: 300, ghostRate: 0.5, failureRate: 0.1 },
      });
      const taken = new Set<number>();
      const inbox = world.inbox((item) => {
        if (item.type === 'frame') taken.add(item.sequence);
        return undefined;
      });
      const outbox = world.outbox();
      inbox.start();
      for (let i = 0; i < 60; i += 1) outbox.offer(0, frame(i, i % 20 === 0 ? 600_000 : 3000));
      await world.until(() => taken.size === 60);
      assert.equal(taken.size, 60, `seed=${seed}`);
      await outbox.close();
      // What was delayed may still come.
      await world.until(() => world.fake.messagesOf(urlOf(0)).length === 0);
      await inbox.stop(0);
      assert.deepEqual(world.fake.messagesOf(urlOf(0)), [], `seed=${seed}`);
      assert.deepEqual([world.failures, world.fake.polls], [[], 0]);
    }
  });

  it('deletes objects with the messages that name them', async () => {
    const world = new InboxWorld();
    const taken: InboxItem[] = [];
    const inbox = world.inbox((item) => void taken.push(item));
    const outbox = world.outbox();
    outbox.offer(0, frame(0, 700_000));
    await outbox.flush();
    assert.equal(world.blobs.locations.length, 1);
    inbox.start();
    await world.until(() => world.blobs.locations.length === 0);
    await inbox.stop(0);
    assert.deepEqual(taken, [frame(0, 700_000)]);
    assert.deepEqual(world.blobs.locations, []);
  });

  it('takes a message as read whose object is gone', async () => {
    const world = new InboxWorld();
    const outbox = world.outbox();
    outbox.offer(0, frame(0, 700_000));
    await outbox.flush();
    await world.blobs.delete('frames/0');
    const inbox = world.inbox(() => undefined);
    inbox.start();
    await world.until(() => world.fake.messagesOf(urlOf(0)).length === 0);
    await inbox.stop(0);
    assert.deepEqual([world.failures, world.fake.messagesOf(DEAD_LETTERS)], [[], []]);
  });

  it('is fenced by a message of a newer attempt, which its successor gets at once', async () => {
    const world = new InboxWorld();
    const [zombies, successors]: [InboxItem[], InboxItem[]] = [[], []];
    const zombie = world.inbox((item) => void zombies.push(item));
    zombie.start();
    world.fake.put(urlOf(0), '-', message(2, frame(5)));
    await world.until(() => world.fences === 1);
    const sinceMs = world.time.nowEpochMs();
    const successor = world.inbox((item) => void successors.push(item), { attempt: 2 });
    successor.start();
    await world.until(() => successors.length > 0);
    assert.ok(world.time.nowEpochMs() - sinceMs < 1000, 'long before the visibility time-out');
    await Promise.all([zombie.stop(0), successor.stop(0)]);
    assert.deepEqual([zombies, successors], [[], [frame(5)]]);
  });

  it('drops messages of an older attempt', async () => {
    const world = new InboxWorld();
    const taken: InboxItem[] = [];
    const inbox = world.inbox((item) => void taken.push(item), { attempt: 3 });
    world.fake.put(urlOf(0), '-', message(2, frame(5)));
    inbox.start();
    await world.until(() => world.fake.messagesOf(urlOf(0)).length === 0);
    await inbox.stop(0);
    assert.deepEqual(taken, []);
    assert.deepEqual(world.fake.messagesOf(urlOf(0)), []);
  });

  it('puts aside what it cannot take, with the reason, and goes on', async () => {
    const world = new InboxWorld();
    const taken: InboxItem[] = [];
    const inbox = world.inbox((item) => {
      if (item.type === 'probe') return 'no channel 9:0:0 ends here';
      taken.push(item);
      return undefined;
    });
    const other = encodeItems({ jobId: 'f'.repeat(32), attempt: 1 }, []);
    const probe: InboxItem = { type: 'probe', channel: CHANNEL, lease: 0, sequence: 3 };
    world.fake.put(urlOf(0), 'hello');
    world.fake.put(urlOf(0), '-', Buffer.from('something else that is long enough'));
    world.fake.put(urlOf(0), '-', other);
    world.fake.put(urlOf(0), '-', message(1, probe));
    world.fake.put(urlOf(0), '-', message(1, frame(1)));
    inbox.start();
    await world.until(() => world.fake.messagesOf(urlOf(0)).length === 0);
    await inbox.stop(0);
    const reasons = world.fake
      .messagesOf(DEAD_LETTERS)
      .map(({ attributes }) => attributes.reason?.StringValue?.split(':')[0]);
    assert.deepEqual(reasons, [
      'INBOX_MESSAGE_FOREIGN',
      'INBOX_MESSAGE_FOREIGN',
      'INBOX_MESSAGE_MISDIRECTED',
      'INBOX_MESSAGE_MISDIRECTED',
    ]);
    assert.deepEqual([taken, world.failures], [[frame(1)], []]);
  });

  it('fails when a message of the job is damaged: what it held is lost', async () => {
    const world = new InboxWorld();
    const damaged = message(1, frame(1));
    damaged[damaged.length - 1] = 0xee;
    world.fake.put(urlOf(0), '-', damaged);
    const inbox = world.inbox(() => undefined);
    inbox.start();
    await world.until(() => world.failures.length > 0);
    await inbox.stop(0);
    assert.deepEqual(codesOf(world.failures), ['INBOX_MESSAGE_CORRUPT']);
    assert.deepEqual(kindsOf(world.failures), ['unavailable']);
    assert.equal(world.fake.messagesOf(DEAD_LETTERS).length, 1);
  });

  it('fails when a message of its own job is of another release', async () => {
    const world = new InboxWorld();
    const ofOther = encodeItems({ jobId: 'f'.repeat(32), attempt: 1 }, []);
    ofOther[0] = 2;
    const ofTomorrow = message(1, frame(1));
    ofTomorrow[0] = 2;
    const inbox = world.inbox(() => undefined);
    world.fake.put(urlOf(0), '-', ofOther);
    inbox.start();
    await world.until(() => world.fake.messagesOf(DEAD_LETTERS).length === 1);
    assert.deepEqual(world.failures, []);
    world.fake.put(urlOf(0), '-', ofTomorrow);
    await world.until(() => world.failures.length > 0);
    await inbox.stop(0);
    assert.deepEqual(codesOf(world.failures), ['INBOX_MESSAGE_VERSION']);
    assert.deepEqual(kindsOf(world.failures), ['unavailable']);
    assert.equal(world.fake.messagesOf(DEAD_LETTERS).length, 2);
  });

  it('makes visible again at once what it receives after it was stopped', async () => {
    const world = new InboxWorld();
    const taken: InboxItem[] = [];
    const inbox = world.inbox((item) => void taken.push(item));
    inbox.start();
    await world.until(() => world.fake.polls === 1);
    world.fake.put(urlOf(0), '-', message(1, frame(1)));
    const sinceMs = world.time.nowEpochMs();
    await inbox.stop(5000);
    // Beside it may lie the one that ends a poll.
    const [left] = world.fake.messagesOf(urlOf(0));
    assert.deepEqual(taken, []);
    assert.ok(world.time.nowEpochMs() - sinceMs < 1000, 'a poll does not last to its end');
    assert.ok(left !== undefined && left.visibleAtMs <= world.time.nowEpochMs());
  });
});

describe('an outbox', () => {
  it('says when something will not arrive', async () => {
    const world = new InboxWorld(1, {
      ...{ duplicateRate: 0, maxDelayMs: 0, ghostRate: 0, failureRate: 1 },
    });
    const outbox = world.outbox();
    outbox.offer(0, frame(1));
    await outbox.flush();
    assert.deepEqual(codesOf(world.failures), ['INBOX_NOT_WRITABLE']);
  });

  it('packs what came together into one message', async () => {
    const world = new InboxWorld();
    const outbox = world.outbox();
    for (let i = 0; i < 100; i += 1) outbox.offer(0, frame(i, 500));
    await outbox.flush();
    assert.equal(world.fake.messagesOf(urlOf(0)).length, 1);
    assert.equal(world.fake.requests.get('SendMessage'), 1);
  });

  it('closed, sends nothing and waits for nothing', async () => {
    const world = new InboxWorld();
    const outbox = world.outbox();
    outbox.offer(0, frame(1));
    await outbox.close();
    outbox.offer(0, frame(2));
    assert.deepEqual(world.fake.messagesOf(urlOf(0)), []);
  });
});
