import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SlotReport } from '../protocol/index.ts';
import { type HandOverHost, type LeavableTask, SlotHandOver } from './slot-hand-over.ts';

/** A task that stands where the test says. */
class StandingTask {
  heldFrom = 0;
  behind: number | undefined;
  answer: 'now' | 'later' | 'never' = 'now';
  releases = 0;
  readonly parts = { checkpoints: { newestId: 3 } };

  get standsBehind(): number | undefined {
    return this.behind;
  }

  holdFrom(checkpointId: number): void {
    this.heldFrom = checkpointId;
  }

  mayBeLeftBehind(): 'now' | 'later' | 'never' {
    return this.answer;
  }

  release(): void {
    this.releases += 1;
    this.behind = undefined;
  }

  leave(): unknown {
    return { record: { vertexId: 'v', subtaskIndex: 0 }, commands: [] };
  }
}

function slotWith(shared: boolean) {
  const said: string[] = [];
  const reports: SlotReport['type'][] = [];
  const host: HandOverHost = {
    mayLeave: (id) => void said.push(`may leave ${id}`),
    goesOn: (id) => void said.push(`goes on ${id}`),
  };
  const handOver = new SlotHandOver({
    reporter: { report: ({ type }) => void reports.push(type) },
    slotIndex: 0,
    handOverHost: shared ? host : undefined,
  });
  const task = new StandingTask();
  const tasks = [task] as unknown as readonly LeavableTask[];
  const begin = (): void => handOver.begin(tasks);
  const leave = (): boolean => handOver.leave(tasks, () => []);
  return { handOver, task, tasks, said, reports, begin, leave };
}

describe('the hand-over of slots that share a lease', () => {
  it('holds from the checkpoint that the host says', () => {
    const { handOver, task, begin } = slotWith(true);
    handOver.setFrom(9);
    begin();
    assert.equal(task.heldFrom, 9);
  });

  it('waits until all may leave', () => {
    const { handOver, task, said, begin, leave } = slotWith(true);
    begin();
    task.behind = 5;
    assert.deepEqual([leave(), leave()], [false, false]);
    assert.deepEqual(said, ['may leave 5']);
    handOver.agree(5);
    assert.equal(leave(), true);
    assert.equal(handOver.record?.checkpointId, 5);
  });

  it('goes on when another slot cannot leave, and asks again behind the next one', () => {
    const { handOver, task, tasks, said, begin, leave } = slotWith(true);
    begin();
    task.behind = 5;
    leave();
    handOver.goOn(5, tasks);
    assert.deepEqual([task.releases, leave()], [1, false]);
    task.behind = 6;
    leave();
    assert.deepEqual(said, ['may leave 5', 'may leave 6']);
  });

  it('tells when it cannot leave itself', () => {
    const { task, said, begin, leave } = slotWith(true);
    begin();
    task.behind = 5;
    task.answer = 'never';
    assert.equal(leave(), false);
    assert.deepEqual([said, task.releases], [['goes on 5'], 1]);
  });

  it('asks nobody where a slot has its lease for itself', () => {
    const { task, begin, leave } = slotWith(false);
    begin();
    assert.equal(task.heldFrom, 4);
    task.behind = 5;
    assert.equal(leave(), true);
  });
});
