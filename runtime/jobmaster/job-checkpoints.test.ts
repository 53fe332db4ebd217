import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CheckpointAnswer,
  CheckpointStore,
  checkpointSettings,
  createdCheckpoints,
  type SourceStateRecord,
} from '../checkpoint/index.ts';
import { Configuration, StreamError, type StreamErrorRecord } from '../core/index.ts';
import {
  FaultyBlobStore,
  FaultyRowStore,
  MemoryBlobStore,
  MemoryRowStore,
} from '../testing/index.ts';
import { JobCheckpoints } from './job-checkpoints.ts';
import { Answer } from './job-master-world.conformance.ts';
import { ManualTime, settle } from './manual-time.conformance.ts';

const TASK = { vertexId: 'v', subtaskIndex: 0 };
const STATE = { ...TASK, finished: false, operators: [], channels: [] };
const STATS = {
  startDelayMs: 0,
  alignmentMs: 0,
  syncMs: 0,
  asyncMs: 0,
  checkpointedSizeBytes: 0,
  stateSizeBytes: 0,
  processedDuringAlignmentBytes: 0,
  persistedDuringAlignmentBytes: 0,
  unaligned: false,
};

/** A job of one task, and what its checkpoints ask of it. */
class World {
  readonly time = new ManualTime();
  readonly stored = new MemoryBlobStore();
  readonly blobs = new FaultyBlobStore(this.stored);
  readonly rows = new FaultyRowStore(new MemoryRowStore());
  readonly asked: string[] = [];
  readonly failures: StreamErrorRecord[] = [];
  readonly logged: string[] = [];
  snapshot: () => readonly SourceStateRecord[] = () => [];
  onFail: () => void = () => undefined;

  readonly #answers = new Map<string, PromiseWithResolvers<CheckpointAnswer>>();

  /** A full checkpoint. */
  async request(checkpoints: JobCheckpoints): Promise<CheckpointAnswer> {
    const requestId = `r${this.#answers.size}`;
    const answered = Promise.withResolvers<CheckpointAnswer>();
    this.#answers.set(requestId, answered);
    const request = { requestId, type: 'CHECKPOINT', kind: 'FULL' } as const;
    checkpoints.apply({ type: 'request', request });
    const answer = await answered.promise;
    if ('error' in answer) throw StreamError.fromJSON(answer.error);
    return answer;
  }

  async open(): Promise<JobCheckpoints> {
    const { blobs, rows, time, asked } = this;
    const store = await CheckpointStore.open({ blobs, rows, directory: '/c', jobId: 'job' });
    const settings = checkpointSettings(Configuration.fromRecord({}));
    const init = { settings, directory: store.sharedDirectory, nextCheckpointId: 1 };
    const checkpoints = new JobCheckpoints({
      jobId: 'job',
      jobName: 'job',
      initial: createdCheckpoints({ ...init, retained: [], forceFull: false }),
      store,
      blobs,
      fence: () => [],
      clock: time,
      timers: time,
      // How the job's life is told is of no interest here.
      logger: {
        log: (level, message) => {
          if (level !== 'info') this.logged.push(`${level} ${message}`);
        },
      },
      host: {
        broadcast: (command) => asked.push(command.type),
        trigger: ({ checkpointId }) => asked.push(`trigger ${checkpointId}`),
        snapshotSources: (checkpointId) => {
          asked.push(`sources ${checkpointId}`);
          return this.snapshot();
        },
        checkpointComplete: (checkpointId) => asked.push(`sources told ${checkpointId}`),
        manifestVertices: () => [],
        inputsOf: () => [],
        attemptsInUse: () => [0],
        answered: (requestId, answer) => this.#answers.get(requestId)?.resolve(answer),
        fail: (error) => {
          this.failures.push(error);
          this.onFail();
        },
        suspended: () => asked.push('suspended'),
        notSuspended: () => asked.push('not suspended'),
      },
    });
    checkpoints.apply({ type: 'job-deployed', tasks: [{ ...TASK, attempt: 0 }] });
    checkpoints.apply({ type: 'job-running' });
    return checkpoints;
  }
}

const acknowledge = (checkpoints: JobCheckpoints, checkpointId: number): void =>
  checkpoints.report({ type: 'checkpoint-ack', checkpointId, state: STATE, stats: STATS });

describe('JobCheckpoints', () => {
  it('asks the enumerators before the tasks, and tells them before the tasks', async () => {
    const world = new World();
    const checkpoints = await world.open();
    const asked = world.request(checkpoints);
    acknowledge(checkpoints, 1);
    assert.deepEqual(await asked, { checkpointId: 1, path: '/c/job/chk-1' });
    assert.deepEqual(world.asked, [
      'sources 1',
      'trigger 1',
      'sources told 1',
      'checkpoint-complete',
    ]);
    assert.equal(checkpoints.newest?.checkpointId, 1);
  });

  it('sends no barrier when an enumerator cannot say its state', async () => {
    const world = new World();
    world.snapshot = () => {
      throw new Error('not now');
    };
    const checkpoints = await world.open();
    const answer = new Answer(world.request(checkpoints));
    await settle();
    assert.deepEqual(answer.answers, ['TRIGGER_CHECKPOINT_FAILURE']);
    assert.ok(!world.asked.includes('trigger 1'));
  });

  it('applies what comes of a command after the command, one thing at a time', async () => {
    const world = new World();
    const checkpoints = await world.open();
    // The job is told to fail, and stops its tasks, in the middle of a decision.
    world.onFail = () => {
      checkpoints.apply({ type: 'job-stopping' });
      assert.equal(checkpoints.statistics.counts.failed, 1);
    };
    void new Answer(world.request(checkpoints));
    await settle();
    const error = { kind: 'user', code: 'BOOM', message: 'boom', details: {} } as const;
    checkpoints.report({ type: 'checkpoint-declined', checkpointId: 1, task: TASK, error });
    assert.deepEqual(
      world.failures.map(({ code }) => code),
      ['CHECKPOINT_FAILURES_EXCEEDED'],
    );
    await assert.rejects(world.request(checkpoints), {
      code: 'NOT_ALL_REQUIRED_TASKS_RUNNING',
    });
  });

  it('settles when no manifest or row is being written', async () => {
    const world = new World();
    const checkpoints = await world.open();
    await checkpoints.settled();
    const gate = Promise.withResolvers<void>();
    const put = world.stored.put.bind(world.stored);
    world.stored.put = (location, bytes) => gate.promise.then(() => put(location, bytes));
    void new Answer(world.request(checkpoints));
    acknowledge(checkpoints, 1);
    let isSettled = false;
    const settled = checkpoints.settled().then(() => {
      isSettled = true;
    });
    await settle();
    assert.equal(isSettled, false);
    gate.resolve();
    await settled;
    assert.equal(checkpoints.newest?.checkpointId, 1);
  });

  it('says what it could not delete and ends all the same', async () => {
    const world = new World();
    const checkpoints = await world.open();
    const asked = world.request(checkpoints);
    acknowledge(checkpoints, 1);
    await asked;
    world.blobs.faultOf = ({ operation }) => (operation === 'list' ? 'before' : 'none');
    checkpoints.apply({ type: 'job-ended', status: 'FINISHED' });
    await checkpoints.close(true);
    assert.deepEqual(
      [...new Set(world.logged)],
      ['warn what checkpoints left behind could not be deleted'],
    );
  });

  it('has no timer left when it is closed', async () => {
    const world = new World();
    const checkpoints = await world.open();
    const answer = new Answer(world.request(checkpoints));
    assert.equal(world.time.pending, 1);
    checkpoints.apply({ type: 'job-ended', status: 'CANCELED' });
    await checkpoints.close(true);
    assert.deepEqual([world.time.pending, answer.answers.length], [0, 1]);
    assert.equal(checkpoints.isOver, true);
  });

  it('aborts a checkpoint whose time is over', async () => {
    const world = new World();
    const checkpoints = await world.open();
    const answer = new Answer(world.request(checkpoints));
    await world.time.advance(599_999);
    assert.deepEqual(answer.answers, []);
    await world.time.advance(1);
    assert.deepEqual(
      [answer.answers, world.asked.at(-1)],
      [['CHECKPOINT_EXPIRED'], 'checkpoint-aborted'],
    );
  });
});
