import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StreamError } from '../core/index.ts';
import { hasInputs, withConsumers } from './job-stages.ts';
import { createdJob, decideJob, type JobEvent, type JobState } from './job-state.ts';
import { createdRestart } from './restart-strategy.ts';

const error = new StreamError({ kind: 'user', code: 'BOOM', message: 'boom' }).toJSON();
const world = { nowEpochMs: 0, jitter: 0.5 };

/** A job in BATCH, a region a slot, played by hand. */
class Stages {
  state: JobState;
  readonly log: string[] = [];

  /** @param inputs by region. */
  constructor(inputs: readonly (readonly number[])[]) {
    const restart = createdRestart({ type: 'fixed-delay', attempts: 1000, delayMs: 0 });
    const from = { status: 'INITIALIZING', lastAttempt: -1, inputs } as const;
    const slots = inputs.map((_, at) => [at]);
    this.state = createdJob(slots, restart, from);
    this.apply({ type: 'initialized' });
  }

  apply(event: JobEvent): void {
    const { state, commands } = decideJob(this.state, event);
    this.state = state;
    for (const command of commands) {
      if (command.type === 'deploy') {
        this.log.push(`deploy ${command.regionIndex}`);
        const region = state.regions[command.regionIndex];
        assert.ok(region !== undefined && hasInputs(state, region), 'I6');
      }
      if (command.type === 'stop-region') this.log.push(`stop ${command.regionIndex}`);
      if (command.type === 'restart-after') {
        this.log.push(`restart ${command.regionIndexes.toSorted().join(' ')}`);
      }
    }
  }

  run(...regions: readonly number[]): void {
    for (const at of regions) this.apply({ type: 'slot-running', ...this.#slot(at) });
  }

  end(...regions: readonly number[]): void {
    for (const at of regions) this.apply({ type: 'slot-released', ...this.#slot(at) });
  }

  fail(at: number, ...unreadable: readonly number[]): void {
    this.apply({ type: 'task-failed', ...this.#slot(at), error, unreadable, ...world });
  }

  due(...regionIndexes: readonly number[]): void {
    this.apply({ type: 'restart-due', regionIndexes });
  }

  take(): readonly string[] {
    return this.log.splice(0);
  }

  #slot(at: number) {
    return { slotIndex: at, attempt: this.state.regions[at]?.attempt ?? -1 };
  }
}

describe('stages of a job in BATCH', () => {
  // Regions 0, 1 (v1, v2) are read by 2, 3 (v4, v5); 4 (v3) by 5 (v6).
  const TWO_PIPELINES = [[], [], [0, 1], [0, 1], [], [4]];

  it('begin when all that they read is there, and the job ends with the last', () => {
    const job = new Stages([[], [], [0, 1], [2]]);
    assert.deepEqual(job.take(), ['deploy 0', 'deploy 1']);
    job.run(0, 1);
    assert.equal(job.state.status, 'RUNNING');
    job.end(0);
    assert.deepEqual(job.take(), []);
    job.end(1);
    assert.deepEqual(job.take(), ['deploy 2']);
    job.run(2);
    assert.equal(job.state.status, 'RUNNING');
    job.end(2);
    assert.deepEqual(job.take(), ['deploy 3']);
    job.run(3);
    job.end(3);
    assert.equal(job.state.status, 'FINISHED');
  });

  it('99/101: a region that fails is restarted alone; what has not begun is not touched', () => {
    const job = new Stages(TWO_PIPELINES);
    job.run(0, 1, 4);
    job.take();
    job.fail(0);
    assert.deepEqual(job.take(), ['stop 0', 'restart 0']);
    job.end(0);
    job.due(0);
    assert.deepEqual(job.take(), ['deploy 0']);
    assert.equal(job.state.regions[2]?.phase, 'IDLE');
  });

  it('101: a stage that fails does not run again those that have ended', () => {
    const job = new Stages(TWO_PIPELINES);
    job.run(0, 1, 4);
    job.end(0, 1, 4);
    job.run(2, 3, 5);
    job.take();
    job.fail(2);
    assert.deepEqual(job.take(), ['stop 2', 'restart 2']);
    job.end(2);
    job.due(2);
    assert.deepEqual(job.take(), ['deploy 2']);
  });

  it('101: an unreadable input is stored again, and read by all again', () => {
    const job = new Stages(TWO_PIPELINES);
    job.run(0, 1, 4);
    job.end(0, 1, 4);
    job.run(2, 3, 5);
    job.end(3);
    job.take();
    job.fail(2, 0);
    assert.deepEqual(job.take(), ['stop 2', 'restart 0 2 3']);
    job.end(2);
    job.due(0, 2, 3);
    assert.deepEqual(job.take(), ['deploy 0']);
    job.run(0);
    assert.equal(job.state.status, 'RUNNING');
    job.end(0);
    assert.deepEqual(job.take(), ['deploy 2', 'deploy 3']);
    job.run(2, 3);
    job.end(2, 3, 5);
    assert.equal(job.state.status, 'FINISHED');
  });

  it('run again, all of them, after a failure of the whole job', () => {
    const job = new Stages([[], [0]]);
    job.run(0);
    job.end(0);
    job.run(1);
    job.take();
    job.apply({ type: 'failed', error, ...world });
    assert.deepEqual(job.take(), ['stop 1', 'restart 0 1']);
    job.end(1);
    job.due(0, 1);
    assert.deepEqual(job.take(), ['deploy 0']);
  });

  it('stop with the job, whether they have begun or not', () => {
    const job = new Stages([[], [0]]);
    job.run(0);
    job.apply({ type: 'cancel' });
    job.end(0);
    assert.equal(job.state.status, 'CANCELED');
  });

  it('end in whatever order they run and fail: I6 holds, and no region is forgotten', () => {
    fc.assert(
      fc.property(layouts, fc.infiniteStream(fc.nat()), (inputs, choices) => {
        const job = new Stages(inputs);
        const next = (bound: number): number => (choices.next().value ?? 0) % bound;
        for (let step = 0; job.state.status !== 'FINISHED'; step += 1) {
          assert.ok(step < 5000, 'it ends');
          const { regions } = job.state;
          const able = regions.flatMap(({ phase, isDue }, at) =>
            phase === 'DEPLOYING' || phase === 'RUNNING' || phase === 'STOPPING' || !isDue
              ? [at]
              : [],
          );
          const at = able[next(able.length)] ?? 0;
          const phase = regions[at]?.phase;
          const reads = regions[at]?.inputs ?? [];
          const mayFail = step < 60 && next(4) === 0;
          if (phase === 'DEPLOYING') job.run(at);
          else if (phase === 'RUNNING' && mayFail) {
            job.fail(at, ...(reads.length > 0 ? [reads[next(reads.length)] ?? 0] : []));
          } else if (phase === 'RUNNING' || phase === 'STOPPING') job.end(at);
          else if (phase === 'WAITING') job.due(at);
        }
        assert.ok(job.state.regions.every(({ phase }) => phase === 'FINISHED'));
      }),
      { numRuns: 200 },
    );
  });

  it('name all that reads a region, directly or not', () => {
    const { state } = new Stages([[], [0], [1], [], [2, 3]]);
    assert.deepEqual(withConsumers(state, [1]), [1, 2, 4]);
    assert.deepEqual(withConsumers(state, [3]), [3, 4]);
  });
});

/** Each region reads some of those before it. */
const layouts = fc
  .array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .map((all) =>
    all.map((reads, at) => [...new Set(reads.filter((input) => input < at))].toSorted()),
  );
