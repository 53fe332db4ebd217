import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isSavepoint } from '../protocol/index.ts';
import { BOOM, CheckpointRun, ref, STATS, share, TASKS } from './checkpoint-coordinator-fixture.ts';
import type { CheckpointOccurrence } from './checkpoint-coordinator-records.ts';
import { isTerminated } from './checkpoint-coordinator-records.ts';

const KEYS = ['source/0', 'source/1', 'map/0', 'stranger/0'];
const REDEPLOYED = TASKS.map((task) => ({ ...task, attempt: 1 }));
const RETAINED = 2;
const MAX_CONCURRENT = 2;

const checkpointId = fc.integer({ min: 1, max: 12 });
const key = fc.constantFrom(...KEYS);
const requestId = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const failedWith = fc.constantFrom(
  BOOM,
  BOOM,
  { ...BOOM, code: 'CHECKPOINT_OUTCOME_UNKNOWN' },
  { ...BOOM, kind: 'fenced' as const },
);

/** `ack-all` and `settle` make progress likely; they stand for what a driver would report. */
type Step =
  | { readonly step: 'event'; readonly event: CheckpointOccurrence }
  | { readonly step: 'time'; readonly ms: number }
  | { readonly step: 'ack-all'; readonly finished: boolean }
  | { readonly step: 'settle'; readonly failed: boolean };

const event: fc.Arbitrary<CheckpointOccurrence> = fc.oneof(
  fc.constantFrom(
    { type: 'job-stopping', error: BOOM } as const,
    { type: 'job-deployed', tasks: REDEPLOYED } as const,
    { type: 'hibernate' } as const,
  ),
  fc.record({ type: fc.constant('task-ended' as const), task: key.map(ref) }),
  fc.record({ type: fc.constant('task-finished' as const), task: key.map(ref) }),
  fc.record({
    type: fc.constant('ack' as const),
    checkpointId,
    state: fc.tuple(key, fc.boolean()).map(([k, finished]) => share(k, { finished })),
    stats: fc.constant(STATS),
  }),
  fc.record({
    type: fc.constant('decline' as const),
    checkpointId,
    task: key.map(ref),
    error: fc.constant(BOOM),
  }),
  fc.record({
    type: fc.constant('enumerators-failed' as const),
    checkpointId,
    error: fc.constant(BOOM),
  }),
  fc.record({
    type: fc.constant('request' as const),
    request: fc.oneof(
      fc.record({
        requestId,
        type: fc.constant('CHECKPOINT' as const),
        kind: fc.constantFrom('CONFIGURED' as const, 'FULL' as const),
      }),
      fc.record({
        requestId,
        type: fc.constantFrom('SAVEPOINT', 'SAVEPOINT_SUSPEND', 'SAVEPOINT_TERMINATE' as const),
        directory: fc.constant('/sp'),
      }),
    ),
  }),
);

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: event.map((e) => ({ step: 'event', event: e }) as const) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }).map((ms) => ({ step: 'time', ms })) },
    { weight: 3, arbitrary: fc.boolean().map((finished) => ({ step: 'ack-all', finished })) },
    { weight: 3, arbitrary: fc.boolean().map((failed) => ({ step: 'settle', failed })) },
    {
      weight: 3,
      arbitrary: fc.constant({ step: 'event', event: { type: 'job-running' } } as const),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 20, maxLength: 80 },
);

/** Runs the steps as a driver would; every `store` is answered at most once. */
class Audited extends CheckpointRun {
  readonly completed: { id: number; isSavepoint: boolean }[] = [];
  #audited = 0;

  perform(step: Step, error = BOOM): void {
    this.commands = [];
    switch (step.step) {
      case 'event':
        this.on(step.event);
        break;
      case 'time':
        this.at(this.nowEpochMs + step.ms);
        break;
      case 'ack-all':
        for (const id of this.pendingIds) this.ackAll(id, { finished: step.finished });
        break;
      case 'settle':
        this.settle(step.failed ? error : undefined);
    }
    this.audit();
  }

  settle(error: typeof BOOM | undefined): void {
    const storing = this.state.pending.find(({ phase }) => phase === 'STORING');
    if (storing === undefined) return;
    const { checkpointId: id, type } = storing;
    if (error !== undefined) {
      this.on({ type: 'store-failed', checkpointId: id, error });
      return;
    }
    this.completed.push({ id, isSavepoint: isSavepoint(type) });
    this.stored(id);
    if (type === 'CHECKPOINT' && this.state.status !== 'ENDED') {
      const older = this.state.pending.filter(
        (p) => p.type === 'CHECKPOINT' && p.checkpointId < id,
      );
      assert.deepEqual(older, [], 'older checkpoints are subsumed');
    }
  }

  audit(): void {
    const { state } = this;
    assert.ok(state.retained.length <= RETAINED);
    assert.ok(new Set(this.triggeredIds).size === this.triggeredIds.length, 'ids are new');
    const ids = this.completed.filter((c) => !c.isSavepoint).map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => a - b),
      'checkpoints complete in order',
    );
    const answered = this.of('answer').map((command) => command.requestId);
    assert.equal(new Set(answered).size, answered.length, 'one answer a request');
    const stores = this.of('store').map(({ checkpoint }) => checkpoint.checkpointId);
    assert.equal(new Set(stores).size, stores.length, 'stored once');
    const storing = state.pending.filter((p) => p.phase === 'STORING' && p.type === 'CHECKPOINT');
    assert.ok(storing.length <= 1);
    for (const command of this.all.slice(this.#audited)) {
      if (command.type !== 'trigger') continue;
      const savepoints = state.pending.filter(({ type }) => isSavepoint(type)).length;
      assert.ok(state.pending.length - savepoints <= MAX_CONCURRENT);
    }
    this.#audited = this.all.length;
    const { counts } = state.statistics;
    if (state.status !== 'ENDED') assert.equal(counts.inProgress, state.pending.length);
    assert.equal(counts.total, counts.inProgress + counts.completed + counts.failed);
  }
}

function audited(): Audited {
  const run = new Audited({
    interval: 20,
    timeout: 100,
    'max-concurrent-checkpoints': MAX_CONCURRENT,
    'num-retained': RETAINED,
    'tolerable-failed-checkpoints': 2,
  });
  run.on({ type: 'job-deployed', tasks: TASKS }, { type: 'job-running' });
  return run;
}

describe('decideCheckpoint under any events', () => {
  it('keeps order, subsumption, retention, and answers every request once', () => {
    fc.assert(
      fc.property(steps, failedWith, (sequence, error) => {
        const run = audited();
        for (const step of sequence) run.perform(step, error as typeof BOOM);
        run.on({ type: 'job-stopping' }, { type: 'job-ended', status: 'CANCELED' });
        while (!isTerminated(run.state)) run.perform({ step: 'settle', failed: false });
        const asked = sequence.flatMap((s) =>
          s.step === 'event' && s.event.type === 'request' ? [s.event.request.requestId] : [],
        );
        const fencedAt = run.all.findIndex(
          (c) => c.type === 'fail-job' && c.error.kind === 'fenced',
        );
        if (fencedAt === -1) {
          for (const id of asked) assert.notEqual(run.answerTo(id), '', `${id} has an answer`);
        }
        for (const step of sequence) {
          const { nowEpochMs } = run;
          run.perform(step);
          assert.deepEqual(run.commands, [], 'nothing after the end');
          run.nowEpochMs = nowEpochMs + 1;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reaches completion in a good part of the runs', () => {
    let completed = 0;
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = audited();
        for (const step of sequence) run.perform(step);
        completed += run.completed.length;
      }),
      { numRuns: 200, seed: 1 },
    );
    assert.ok(completed > 100, `${completed}`);
  });
});
