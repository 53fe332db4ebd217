import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '../protocol/index.ts';
import { barrierOf } from './slot-fixture.ts';
import { type LeavableTask, SlotHandOver } from './slot-hand-over.ts';

interface FakeTask extends LeavableTask {
  may: 'now' | 'later' | 'never';
  standsBehind: number | undefined;
  heldFrom: number;
  released: number;
}

function taskOf(newestId = 0, may: FakeTask['may'] = 'now'): FakeTask {
  const task: FakeTask = {
    may,
    heldFrom: 0,
    released: 0,
    standsBehind: undefined,
    parts: { checkpoints: { newestId } },
    holdFrom: (id: number) => {
      task.heldFrom = id;
    },
    mayBeLeftBehind: () => task.may,
    release: () => {
      task.released += 1;
      task.standsBehind = undefined;
    },
    leave: () => {
      const [inputs, outputWatermarksMs] = [[], []];
      const record = { vertexId: 'v', subtaskIndex: 0, finished: false, noMoreSplits: false };
      return { record: { ...record, inputs, outputWatermarksMs }, commands: [] };
    },
  };
  return task;
}

function handOver() {
  const reports: string[] = [];
  const reporter = { report: ({ type }: SlotReport) => reports.push(type) };
  return { slot: new SlotHandOver({ reporter, slotIndex: 3 }), reports };
}

function trigger(checkpointId: number) {
  return { type: 'trigger-checkpoint' as const, barrier: barrierOf(checkpointId), tasks: [] };
}

describe('SlotHandOver', () => {
  it('holds all tasks from the first checkpoint none had heard of, and asks once (I1)', () => {
    const { slot, reports } = handOver();
    slot.note(trigger(6));
    const tasks = [taskOf(4), taskOf(2)];
    slot.begin(tasks);
    slot.begin(tasks);
    assert.deepEqual(
      tasks.map(({ heldFrom }) => heldFrom),
      [7, 7],
    );
    assert.deepEqual(reports, ['checkpoint-wanted']);
    const other = handOver();
    const heard = [taskOf(9), taskOf(2)];
    other.slot.note({ type: 'checkpoint-aborted', checkpointId: 3 });
    other.slot.begin(heard);
    assert.equal(heard[1]?.heldFrom, 10);
    assert.deepEqual(other.reports, ['checkpoint-wanted']);
  });

  it('waits for a task that has something left to do', () => {
    const { slot } = handOver();
    const tasks = [taskOf(), taskOf(0, 'later')] as const;
    assert.equal(
      slot.leave(tasks, () => []),
      false,
      'it has not begun',
    );
    slot.begin(tasks);
    tasks[0].standsBehind = 1;
    assert.equal(
      slot.leave(tasks, () => []),
      false,
    );
    assert.equal(tasks[0].released, 0);
    tasks[1].may = 'now';
    assert.equal(
      slot.leave(tasks, () => []),
      true,
    );
    assert.equal(slot.record?.checkpointId, 1);
    assert.equal(
      slot.leave(tasks, () => []),
      false,
      'it is left once',
    );
  });

  it('lets all go on, and asks again, when one has ended outside of the checkpoint', () => {
    const { slot, reports } = handOver();
    const tasks = [taskOf(), taskOf(0, 'never')] as const;
    slot.begin(tasks);
    tasks[0].standsBehind = 1;
    assert.equal(
      slot.leave(tasks, () => []),
      false,
    );
    assert.equal(tasks[0].released, 1);
    assert.deepEqual(reports, ['checkpoint-wanted', 'checkpoint-wanted']);
  });

  it('leaves the words on checkpoints that are not complete (I3)', () => {
    const { slot } = handOver();
    const task = taskOf();
    slot.begin([task]);
    slot.note(trigger(1));
    slot.note(trigger(2));
    slot.note({ type: 'checkpoint-aborted', checkpointId: 2 });
    slot.note(trigger(3));
    slot.note({ type: 'checkpoint-complete', checkpointId: 1 });
    task.standsBehind = 1;
    slot.leave([task], () => []);
    assert.deepEqual(slot.record?.commands, [
      { type: 'checkpoint-aborted', checkpointId: 2 },
      trigger(3),
    ]);
  });
});
