import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeaveRecord, SlotCommand } from '../../../protocol/index.ts';
import type { InboxItem } from '../inbox/index.ts';
import { CommandLinks } from './command-links.ts';

function command(sequence: number, given: SlotCommand): InboxItem & { type: 'command' } {
  return { type: 'command', slotIndex: 0, lease: 0, sequence, command: given };
}

function links(given: LeaveRecord['links'] = {}, lease = 0) {
  const heard: SlotCommand[] = [];
  let cancelsHeld = 0;
  const commands = new CommandLinks({
    slotIndexes: [0],
    identity: { job: 'j', attempt: 1, lease },
    links: given,
    onCommand: (_slot, one) => void heard.push(one),
    onCancelHeld: () => {
      cancelsHeld += 1;
    },
  });
  return { commands, heard, cancelsHeld: () => cancelsHeld };
}

const [FIRST, SECOND, THIRD]: readonly SlotCommand[] = [
  { type: 'start' },
  { type: 'checkpoint-complete', checkpointId: 1 },
  { type: 'checkpoint-complete', checkpointId: 2 },
];

describe('CommandLinks', () => {
  it('gives commands once and in order, and leaves what came late to the next lease', () => {
    assert.ok(FIRST !== undefined && SECOND !== undefined && THIRD !== undefined);
    const { commands, heard } = links();
    commands.take(command(1, SECOND));
    commands.take(command(0, FIRST));
    commands.take(command(1, SECOND));
    commands.hold();
    commands.take(command(3, THIRD));
    assert.deepEqual(heard, [FIRST, SECOND]);
    const left = commands.leave();
    const next = links(left.links, 1);
    for (const item of left.items) if (item.type === 'command') next.commands.take(item);
    next.commands.take(command(0, FIRST));
    next.commands.take(command(2, SECOND));
    assert.deepEqual(next.heard, [SECOND, THIRD]);
  });

  it('tells of a cancel that it holds back', () => {
    const { commands, heard, cancelsHeld } = links();
    commands.hold();
    commands.take(command(0, { type: 'cancel' }));
    assert.deepEqual([heard, cancelsHeld()], [[], 1]);
    commands.letGo();
    assert.deepEqual(heard, [{ type: 'cancel' }]);
  });

  it('refuses commands to slots of others', () => {
    const { commands } = links();
    const other = { ...command(0, { type: 'cancel' }), slotIndex: 4 };
    assert.equal(commands.take(other), 'slot 4 is not here');
  });
});
