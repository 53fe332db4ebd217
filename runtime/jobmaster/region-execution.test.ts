import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionGraph } from '../graph/index.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';
import { RegionExecution } from './region-execution.ts';
import type { RegionLaunch, SlotHandle, SlotLauncher } from './slot-launcher.ts';

interface Setup {
  readonly time: ManualTime;
  readonly region: RegionExecution;
  readonly gone: number[];
  readonly sent: string[];
  readonly ended: number[];
  /** Lets `terminate` of slots settle. */
  readonly endSlots: () => void;
  launch(): void;
}

function setup(cancellationTimeoutMs = 100, slotIndexes = [3, 4]): Setup {
  const time = new ManualTime();
  const gone: number[] = [];
  const sent: string[] = [];
  const ended: number[] = [];
  const end = Promise.withResolvers<void>();
  const region: RegionExecution = new RegionExecution({
    regionIndex: 0,
    attempt: 7,
    slotIndexes,
    clock: time,
    timers: time,
    logger: { log: () => undefined },
    cancellationTimeoutMs,
    onGone: (slotIndex) => {
      if (region.markGone(slotIndex)) gone.push(slotIndex);
    },
  });
  const handleOf = (slotIndex: number): SlotHandle => ({
    send: ({ type }) => sent.push(`${slotIndex} ${type}`),
    terminate: () => {
      ended.push(slotIndex);
      return end.promise;
    },
  });
  const launcher: SlotLauncher = {
    launch: ({ slots }) => slots.map(({ slotIndex }) => handleOf(slotIndex)),
  };
  const events = { onReport: () => undefined, onLost: () => undefined };
  const launch: RegionLaunch = {
    executionGraph: {} as ExecutionGraph,
    overrides: {},
    attempt: 7,
    slots: slotIndexes.map((slotIndex) => ({ slotIndex, restore: [], events })),
  };
  return {
    time,
    region,
    gone,
    sent,
    ended,
    endSlots: () => end.resolve(),
    launch: () => region.launch(launcher, launch),
  };
}

describe('RegionExecution', () => {
  it('says at once that slots are gone that were never launched', async () => {
    const { region, gone, time } = setup();
    region.stop();
    assert.deepEqual([region.isStopping, gone, time.pending], [true, [3, 4], 0]);
  });

  it('tells every slot to stop, and ends those that do not', async () => {
    const { region, gone, sent, ended, time, launch, endSlots } = setup();
    launch();
    region.stop();
    assert.deepEqual(sent, ['3 cancel', '4 cancel']);
    assert.equal(region.markGone(4), true);
    await time.advance(99);
    assert.deepEqual([gone, ended], [[], []]);
    await time.advance(1);
    assert.deepEqual([gone, ended], [[], [3]]);
    endSlots();
    await settle();
    assert.deepEqual(gone, [3]);
  });

  it('forgets the time limit when all are gone', () => {
    const { region, time, launch } = setup();
    launch();
    region.stop();
    assert.equal(time.pending, 1);
    assert.deepEqual(
      [region.markGone(3), region.markGone(3), region.markGone(4)],
      [true, false, true],
    );
    assert.equal(time.pending, 0);
  });

  it('sends nothing to a slot that is gone', () => {
    const { region, sent, launch } = setup();
    launch();
    region.markGone(3);
    region.broadcast({ type: 'drain' });
    region.send(3, { type: 'start' });
    region.send(9, { type: 'start' });
    assert.deepEqual(sent, ['4 drain']);
  });

  it('ends every slot, gone or not, and settles when they are', async () => {
    const { region, ended, time, launch, endSlots } = setup();
    launch();
    region.stop();
    region.markGone(3);
    let settled = false;
    const terminated = region.terminate().then(() => {
      settled = true;
    });
    await settle();
    assert.deepEqual([ended, settled, time.pending], [[3, 4], false, 0]);
    endSlots();
    await terminated;
  });
});
