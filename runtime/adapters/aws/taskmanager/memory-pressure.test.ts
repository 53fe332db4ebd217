import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { memoryExhausted, memoryPressure, slotHeapMb } from './memory-pressure.ts';

describe('memory pressure', () => {
  it('is told before the function is killed', () => {
    const pressures = [500, 849, 850, 949, 950, 1200].map((mb) => memoryPressure(mb, 1000));
    assert.deepEqual(pressures, ['low', 'low', 'high', 'high', 'critical', 'critical']);
  });

  it('leaves the heaps of all slots together below the memory of the function', () => {
    for (const memoryMb of [512, 1769, 3538, 10_240]) {
      for (const slots of [1, 2, 6]) {
        assert.ok(slots * slotHeapMb(memoryMb, slots) < memoryMb, `${memoryMb} ${slots}`);
      }
    }
  });

  it('is the user to act on', () => {
    const { kind, code, details } = memoryExhausted(980, 1000);
    assert.deepEqual([kind, code, details.limitBytes], ['user', 'MEMORY_EXHAUSTED', 1000]);
  });
});
