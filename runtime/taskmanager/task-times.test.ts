import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StepResult } from './task.ts';
import { TaskTimes } from './task-times.ts';

/** A task whose thread does other things in between. */
class TimedTask {
  #nowMs = 0;
  calledMs = 0;
  readonly times = new TaskTimes(
    { nowEpochMs: () => this.#nowMs, monotonicMs: () => this.#nowMs },
    [this],
  );

  constructor() {
    this.times.start();
  }

  step(tookMs: number, result: StepResult): this {
    this.times.measure(() => {
      this.#nowMs += tookMs;
      return result;
    });
    return this;
  }

  /** @param calledMs of it in calls of this task. */
  wait(forMs: number, calledMs = 0): this {
    this.#nowMs += forMs;
    this.calledMs += calledMs;
    return this;
  }

  get all(): readonly number[] {
    const { busy, blocked, idle } = this.times;
    assert.equal(busy + blocked + idle, this.#nowMs, 'I1');
    return [busy, blocked, idle];
  }
}

describe('TaskTimes', () => {
  it('books a step, and the wait behind it, as what it was', () => {
    const task = new TimedTask().wait(10).step(1, 'idle').wait(20).step(5, 'progress');
    task.step(2, 'blocked').wait(30).step(4, 'progress');
    assert.deepEqual(task.all, [9, 32, 31]);
  });

  it('does not call a task idle that went on where it stopped: another one had the thread', () => {
    const task = new TimedTask().step(4, 'progress');
    for (let turn = 0; turn < 10; turn += 1) task.wait(6).step(4, 'progress');
    assert.deepEqual(task.all, [104, 0, 0]);
  });

  it('calls it so when there was nothing left to do, and blocked when there was no room', () => {
    assert.deepEqual(new TimedTask().step(4, 'progress').wait(6).step(0, 'idle').all, [4, 0, 6]);
    assert.deepEqual(new TimedTask().step(4, 'progress').wait(6).step(0, 'blocked').all, [4, 6, 0]);
  });

  it('leaves what calls took of such a wait to who moves the time of calls', () => {
    const task = new TimedTask().step(4, 'progress').wait(10, 7).step(1, 'progress');
    // With the 7 of the calls, 15 were busy.
    assert.deepEqual(task.all, [8, 0, 7]);
    // A meter estimates.
    const more = new TimedTask().step(4, 'progress').wait(10, 12).step(1, 'progress');
    assert.deepEqual(more.all, [5, 0, 10]);
  });

  it('does not book calls twice that came while it was idle', () => {
    const task = new TimedTask().step(1, 'progress').step(0, 'idle').wait(10, 7);
    task.step(1, 'progress').wait(5).step(1, 'progress');
    assert.deepEqual(task.all, [8, 0, 10]);
  });
});
