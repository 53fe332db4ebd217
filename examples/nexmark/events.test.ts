import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asNexmarkEvent, dateTimeOf } from './events.ts';

describe('asNexmarkEvent', () => {
  it('takes an event of each kind as it is', () => {
    for (const [event_type, member] of ['person', 'auction', 'bid'].entries()) {
      const line = { event_type, [member]: { dateTime: 1000 + event_type } };
      assert.equal(asNexmarkEvent(line), line);
      assert.equal(dateTimeOf(asNexmarkEvent(line)), 1000 + event_type);
    }
  });

  it('refuses what has no event type', () => {
    const message = /^not a nexmark event: event_type must be 0, 1 or 2$/;
    for (const line of [null, 'bid', 7, [], {}, { event_type: 3 }, { event_type: 'bid' }]) {
      assert.throws(() => asNexmarkEvent(line), { name: 'TypeError', message }, String(line));
    }
  });

  it('refuses an event without its member or its time', () => {
    const message = /^not a nexmark event: its member bid must have a dateTime in epoch ms$/;
    const times = [{ bid: null }, { person: { dateTime: 1 } }, { bid: { dateTime: '2015' } }];
    for (const member of times) {
      assert.throws(() => asNexmarkEvent({ event_type: 2, ...member }), { message });
    }
  });
});
