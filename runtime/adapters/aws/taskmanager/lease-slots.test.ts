import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotHandOverRecord } from '../../../protocol/index.ts';
import { LeaseSlots, type LeaseSlotThread } from './lease-slots.ts';
import type { SlotThreadEvents } from './slot-thread.ts';
import type { SlotThreadDeployment, SlotThreadWord } from './slot-thread-messages.ts';

const CANCEL = { type: 'cancel' } as const;
const RECORD: SlotHandOverRecord = {
  ...{ slotIndex: 0, checkpointId: 4, tasks: [], commands: [], metrics: [] },
};

/** Slots whose threads say what the test says, and whose receivers are gone. */
function lease(...slotIndexes: readonly number[]) {
  const orders: string[] = [];
  const reports: string[] = [];
  const events = new Map<number, SlotThreadEvents>();
  const slots = new LeaseSlots(
    {
      report: (slotIndex, { type }) => void reports.push(`${slotIndex} ${type}`),
      print: () => undefined,
      hold: () => void orders.push('hold'),
      letGo: () => void orders.push('let go'),
      hasArrived: () => false,
      askArrived: () => undefined,
      started: () => undefined,
      wake: () => undefined,
    },
    3,
  );
  for (const slotIndex of slotIndexes) {
    const thread: LeaseSlotThread = {
      deploy: (_order, heard) => void events.set(slotIndex, heard),
      send: (order) => {
        const what = order.type === 'command' ? order.command.type : order.type;
        orders.push(`${slotIndex} ${what}`);
      },
      terminate: async () => undefined,
    };
    slots.deploy(thread, { slotIndex } as SlotThreadDeployment);
  }
  const say = (slotIndex: number, word: SlotThreadWord): void => {
    events.get(slotIndex)?.onWord(word);
  };
  return { slots, orders, reports, say };
}

/** All may leave behind checkpoint 4, and were told to. */
function leaving(...slotIndexes: readonly number[]): ReturnType<typeof lease> {
  const world = lease(...slotIndexes);
  world.slots.handOver();
  for (const slotIndex of slotIndexes) world.say(slotIndex, { type: 'holding' });
  for (const slotIndex of slotIndexes) world.say(slotIndex, { type: 'may-leave', checkpointId: 4 });
  assert.ok(world.orders.includes(`${slotIndexes[0]} leave-behind`));
  return world;
}

describe('LeaseSlots', () => {
  it('holds everything back until all slots know from where on they are held', () => {
    const { slots, orders, say } = lease(0, 1);
    slots.handOver();
    say(0, { type: 'holding' });
    assert.deepEqual(orders, ['hold', '0 hand-over', '1 hand-over']);
    say(1, { type: 'holding' });
    assert.equal(orders.at(-1), 'let go');
  });

  it('gives up slots that have left when it is cancelled, though no receiver answers', () => {
    const { slots, reports, say } = leaving(0);
    say(0, { type: 'ended', left: RECORD, untaken: new Map() });
    assert.equal(slots.settle().type, 'left', 'it waits for what it has sent');
    slots.command(0, CANCEL);
    assert.equal(slots.settle().type, 'released');
    assert.deepEqual(reports, ['0 released']);
  });

  it('cancels a slot in the middle of its leaving', () => {
    const { slots, orders, reports, say } = leaving(0, 1);
    slots.command(0, CANCEL);
    slots.command(1, CANCEL);
    assert.deepEqual(orders.slice(-2), ['0 cancel', '1 cancel']);
    say(0, { type: 'ended', left: RECORD, untaken: new Map() });
    say(1, { type: 'ended', untaken: new Map() });
    assert.equal(slots.settle().type, 'released');
    assert.deepEqual(reports, ['0 released', '1 released']);
  });

  it('cancels slots that wait for one that cannot say that it holds', () => {
    const { slots, orders, say } = lease(0, 1);
    slots.handOver();
    say(0, { type: 'holding' });
    slots.command(0, CANCEL);
    assert.equal(orders.at(-1), '0 cancel');
    say(0, { type: 'report', report: { type: 'released' } });
    assert.equal(slots.settle().type, 'running', 'the other one is not told yet');
  });

  it('gives up a slot that does not end, with its reason', () => {
    const { slots, reports, say } = lease(0, 1);
    slots.command(0, CANCEL);
    slots.command(1, CANCEL);
    say(0, { type: 'report', report: { type: 'released' } });
    slots.endStuck();
    assert.equal(slots.settle().type, 'released');
    assert.deepEqual(reports, ['1 task-failed', '1 released', '0 released']);
  });
});
