/** Goal: ticks that cannot be passed on. Method: a queue that is told what to do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import type { QueueRecord } from './coordinator.ts';
import { TickForwarder } from './tick-forwarder.ts';

const JOB_ID = 'a'.repeat(32);
const denied = new StreamError({ kind: 'invalid', code: 'QUEUE_NOT_WRITABLE', message: 'denied' });

function recordOf(messageId: string, receives: number): QueueRecord {
  const body = JSON.stringify({ type: 'tick', jobId: JOB_ID, atEpochMs: 1 });
  return { messageId, receiptHandle: `of ${messageId}`, body, group: '', receives };
}

class World {
  readonly sent: string[] = [];
  readonly hidden: string[] = [];
  readonly receives: number[] = [];
  readonly levels: string[] = [];
  /** Ids of what is not taken. */
  readonly refused = new Set<string>();
  mayHide = true;
  readonly forwarder = new TickForwarder({
    queues: {
      send: async (_message, id) => {
        if (this.refused.has(id)) throw denied;
        this.sent.push(id);
      },
      hide: async (from, handles, forS) => {
        if (!this.mayHide) throw denied;
        this.hidden.push(`${from}: ${handles.join()} for ${forS} s`);
      },
      tick: () => assert.fail('it is due'),
      done: () => assert.fail('Lambda deletes them'),
      bury: () => assert.fail('each can be taken'),
    },
    metrics: {
      add: (name, value) => void (name === 'MessageReceives' && this.receives.push(value)),
    },
    logger: { log: (level) => void this.levels.push(level) },
    clock: { nowEpochMs: () => 1, monotonicMs: () => 1 },
  });
}

describe('a tick that cannot be passed on', () => {
  it('comes again alone, later each time, and is counted', async () => {
    const world = new World();
    world.refused.add(`tick-${JOB_ID}-x`);
    assert.deepEqual(await world.forwarder.handle([recordOf('x', 1), recordOf('y', 1)]), ['x']);
    assert.deepEqual(world.receives, []);
    assert.deepEqual(await world.forwarder.handle([recordOf('z', 1), recordOf('x', 12)]), ['x']);
    assert.deepEqual(world.sent, [`tick-${JOB_ID}-y`, `tick-${JOB_ID}-z`]);
    assert.deepEqual(world.hidden, ['ticks: of x for 1 s', 'ticks: of x for 60 s']);
    assert.deepEqual(world.receives, [12]);
  });

  it('comes again also when it cannot be hidden', async () => {
    const world = new World();
    world.refused.add(`tick-${JOB_ID}-x`);
    world.mayHide = false;
    assert.deepEqual(await world.forwarder.handle([recordOf('x', 3)]), ['x']);
    assert.deepEqual(world.levels, ['warn', 'warn']);
  });
});
