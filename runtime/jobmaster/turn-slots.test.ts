import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '../protocol/index.ts';
import { MasterWorld, scriptedSource } from './job-master-world.conformance.ts';
import { planJobExecution } from './job-plan.ts';
import type { RegionLaunch, SlotHandle } from './slot-launcher.ts';
import { TurnSlots, type TurnSlotsRecord } from './turn-slots.ts';

const RUNNING = { type: 'running' } as const;
const WANTED = { type: 'checkpoint-wanted' } as const;

interface Turn {
  readonly slots: TurnSlots;
  readonly heard: string[];
  /** Two slots of an attempt. */
  readonly region: (attempt: number) => RegionLaunch;
}

function turn(record?: TurnSlotsRecord): Turn {
  const heard: string[] = [];
  const graph = new MasterWorld(scriptedSource('a', 2)).graph();
  const plan = planJobExecution(graph, {}, undefined);
  const region = (attempt: number): RegionLaunch => ({
    ...plan,
    attempt,
    restoredFrom: { path: '/checkpoints/job/chk-3', allowNonRestoredState: false },
    slots: [0, 1].map((slotIndex) => ({
      slotIndex,
      restore: [],
      events: {
        onReport: ({ type }) => void heard.push(`${slotIndex}@${attempt} ${type}`),
        onLost: ({ message }) => void heard.push(`${slotIndex}@${attempt} ${message}`),
      },
    })),
  });
  return { slots: new TurnSlots(record), heard, region };
}

function reports(slotIndex: number, sequence: number, ...told: readonly SlotReport[]) {
  return { slotIndex, attempt: 4, sequence, reports: told };
}

/** A turn in which attempt 4 runs, as it stands between two. */
function running(): Turn & { readonly handles: readonly SlotHandle[] } {
  const first = turn();
  first.slots.launch(first.region(4));
  first.slots.takeWaiting();
  const next = turn(first.slots.record);
  return { ...next, handles: next.slots.attach(next.region(4)) };
}

describe('TurnSlots', () => {
  it('keeps what is launched until somebody is told to run it', () => {
    const { slots, region } = turn();
    slots.launch(region(4));
    const { slotIndexes, attempt, restoredFrom, graphHash } = slots.waiting ?? {};
    assert.deepEqual([attempt, slotIndexes], [4, [0, 1]]);
    assert.equal(restoredFrom?.path, '/checkpoints/job/chk-3');
    assert.equal(graphHash, region(4).executionGraph.jobGraph.hash);
    assert.deepEqual(turn(slots.record).slots.waiting, slots.waiting);
    slots.takeWaiting();
    assert.equal(slots.record.waiting, undefined);
  });

  it('numbers the commands of each slot, across turns', () => {
    const { slots, handles } = running();
    handles[0]?.send({ type: 'start' });
    handles[0]?.send({ type: 'drain' });
    handles[1]?.send({ type: 'start' });
    const later = turn(slots.record);
    later.slots.attach(later.region(4))[0]?.send({ type: 'cancel' });
    const numbers = [...slots.effects, ...later.slots.effects].map((effect) =>
      effect.type === 'command' ? `${effect.slotIndex}:${effect.sequence}` : '',
    );
    assert.deepEqual(numbers, ['0:0', '0:1', '1:0', '0:2']);
  });

  it('tells each report once, in whatever batches they come', () => {
    const { slots, heard } = running();
    assert.equal(slots.report(reports(0, 0, RUNNING)), true);
    assert.equal(slots.report(reports(0, 0, RUNNING, WANTED)), true);
    assert.equal(slots.report(reports(0, 0, RUNNING, WANTED)), true);
    assert.deepEqual(heard, ['0@4 running', '0@4 checkpoint-wanted']);
    const later = turn(slots.record);
    later.slots.attach(later.region(4));
    later.slots.report(reports(0, 1, WANTED));
    assert.deepEqual(later.heard, []);
  });

  it('says so when reports are missing, and tells none behind the gap', () => {
    const { slots, heard } = running();
    assert.equal(slots.report(reports(0, 1, WANTED)), false);
    assert.deepEqual(heard, []);
  });

  it('does not mind what is said of other attempts', () => {
    const { slots, heard, region } = running();
    assert.equal(slots.report({ ...reports(0, 7, RUNNING), attempt: 3 }), true);
    slots.lost(0, 3, new Error('gone'));
    const [former] = slots.attach(region(3));
    former?.send({ type: 'cancel' });
    assert.deepEqual([heard, slots.effects], [[], []]);
  });

  it('loses every slot that runs, and none that waits', () => {
    const errorOf = (slotIndex: number, attempt: number) =>
      new Error(`lost ${slotIndex}@${attempt}`);
    const { slots, heard } = running();
    slots.allLost(errorOf);
    assert.deepEqual(heard, ['0@4 lost 0@4', '1@4 lost 1@4']);
    const waiting = turn();
    waiting.slots.launch(waiting.region(5));
    waiting.slots.allLost(errorOf);
    assert.deepEqual(waiting.heard, []);
  });

  it('takes back what waits when it is cancelled, and sends it nothing', () => {
    const { slots, heard, region } = turn();
    const handles = slots.launch(region(4));
    handles[0]?.send({ type: 'drain' });
    for (const handle of handles) handle.send({ type: 'cancel' });
    assert.deepEqual([slots.waiting, slots.effects, heard], [undefined, [], []]);
    assert.equal(slots.tellLater(), true);
    assert.deepEqual(heard, ['0@4 released', '1@4 released']);
    assert.equal(slots.tellLater(), false);
  });

  it('refuses a second attempt while one waits', () => {
    const { slots, region } = turn();
    slots.launch(region(4));
    assert.throws(() => slots.launch(region(5)), /one region/);
  });
});
