/** Goal: a job's whole life on a deployed cluster. Method: its functions in one process. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamError } from '../../../core/index.ts';
import { ClusterWorld, JOB_ID, ROOT } from './cluster-world.conformance.ts';

const TRIGGER = 'f'.repeat(32);

describe('a job on a deployed cluster', () => {
  it('is submitted, planned, run, checkpointed and canceled', async () => {
    const world = new ClusterWorld();
    assert.deepEqual(await world.submit('numbers'), { jobid: JOB_ID });
    assert.deepEqual(world.started, [`${JOB_ID}-0`]);
    assert.equal((await world.view()).status, 'CREATED');
    assert.deepEqual(await world.plan(), { jobId: JOB_ID, taskManagers: 2 });
    assert.deepEqual([...world.inboxes], [`${JOB_ID}-0`, `${JOB_ID}-1`]);

    assert.deepEqual(await world.next(0), { action: 'RUN', attempt: 0, taskManagers: 2 });
    assert.equal(world.attempt.checkpointsDirectory, `${ROOT}/checkpoints`);
    await world.reportAll({ type: 'running' });
    assert.equal((await world.view()).status, 'RUNNING');
    assert.equal(world.told('start').length, 2);

    await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId: TRIGGER });
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    const { body } = await world.ask(`GET /jobs/${JOB_ID}/checkpoints/${TRIGGER}`);
    assert.deepEqual(body, { status: { id: 'COMPLETED' }, operation: { checkpointId: 1 } });
    assert.equal((await world.view()).checkpointStatistics?.counts.completed, 1);

    assert.equal((await world.ask(`PATCH /jobs/${JOB_ID}`)).status, 202);
    await world.work();
    assert.equal(world.told('cancel').length, 2);
    await world.reportAll({ type: 'released' });
    const end = await world.next(1);
    assert.deepEqual(end, { action: 'END', jobId: JOB_ID, status: 'CANCELED' });
    assert.equal((await world.view()).status, 'CANCELED');
    assert.equal(await world.reservations.used(), 0);
    await world.blobs.put(`${ROOT}/frames/${JOB_ID}/1`, new Uint8Array(1));
    assert.deepEqual(await world.settle({ type: 'ended', jobId: JOB_ID }), {
      inboxes: 2,
      frames: 1,
      turns: 0,
    });
    assert.equal(world.inboxes.size, 0);
    assert.equal((await world.ask(`PATCH /jobs/${JOB_ID}`)).status, 409);
  });

  it('stops with a savepoint, which is complete for a job that starts from it', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const { body } = await world.ask(`POST /jobs/${JOB_ID}/stop`, { drain: false });
    const { 'request-id': id } = body as { 'request-id': string };
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    const tasks = world.slotsOf().map((slotIndex) => {
      const finished = world
        .tasksOf(slotIndex)
        .map((task) => ({ type: 'task-finished', task }) as const);
      return world.reportsOf(slotIndex, ...finished, { type: 'released' });
    });
    await world.send(...tasks);
    assert.equal((await world.next(1))?.action, 'END');
    assert.equal((await world.view()).status, 'FINISHED');
    const answer = await world.ask(`GET /jobs/${JOB_ID}/savepoints/${id}`);
    const { operation } = answer.body as { operation: { location: string } };
    assert.match(operation.location, /^s3:\/\/bucket\/savepoints\/savepoint-aaaaaa-/);

    const second = 'b'.repeat(32);
    await world.submit('numbers', { savepointPath: operation.location }, second);
    await world.plan(second);
    assert.equal((await world.next(0, second))?.action, 'RUN');
    assert.equal(world.attempt.restore?.path, operation.location);
  });

  it('does not end when its cluster may not read its own bucket for a while', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const { get } = world.blobs;
    world.blobs.get = async () => {
      const details = { reason: 'access-denied', expectedOwner: '123456789012' };
      const message = 'permission is missing';
      throw new StreamError({ kind: 'invalid', code: 'BLOB_NOT_READABLE', message, details });
    };
    world.coldStart();
    for (let n = 0; n < 5; n++) {
      assert.deepEqual(await world.deliver([{ type: 'wake', jobId: JOB_ID }], n + 1), ['0']);
    }
    assert.deepEqual([world.hidden.length, world.buried], [5, []]);
    world.blobs.get = get;
    assert.deepEqual(await world.send({ type: 'wake', jobId: JOB_ID }), []);
    assert.equal((await world.view()).status, 'RUNNING');
  });

  it('restarts after a lost lease, with the next attempt and from its checkpoint', async () => {
    const world = new ClusterWorld();
    const flinkConfiguration = {
      'restart-strategy.type': 'fixed-delay',
      'restart-strategy.fixed-delay.attempts': 3,
      'restart-strategy.fixed-delay.delay': '10 s',
    };
    await world.startJob({ flinkConfiguration });
    await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId: TRIGGER });
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    const lease = { jobId: JOB_ID, attempt: 0, taskManager: 1, lease: 0 };
    const error = { Error: 'Sandbox.Timedout', Cause: 'timed out after 900 seconds' };
    await world.settle({ type: 'lost', ...lease, error });
    await world.work();
    assert.deepEqual(
      world.told('cancel').map(({ slotIndex }) => slotIndex),
      [0],
    );
    await world.send(world.reportsOf(0, { type: 'released' }));
    assert.equal(await world.next(1), undefined);
    const tick = world.ticks.at(-1);
    assert.equal(tick?.delayS, 10);
    world.nowEpochMs += 10_000;
    if (tick !== undefined) await world.send(tick.message);
    assert.deepEqual(world.answered.at(-1)?.output, { action: 'RUN', attempt: 1, taskManagers: 2 });
    assert.equal(world.attempt.restore?.path, `${ROOT}/checkpoints/${JOB_ID}/chk-1`);
    const [exception] = (await world.view()).exceptions.entries;
    assert.equal(exception?.error.code, 'LAMBDA_TIMED_OUT');
  });

  for (const [kind, code] of [
    ['invalid', 'PROGRAM_CHANGED'],
    ['data', 'LEASE_ROW_CORRUPT'],
  ] as const) {
    it(`fails at once when no restart helps, and keeps its state: ${kind}`, async () => {
      const world = new ClusterWorld();
      await world.startJob();
      await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId: TRIGGER });
      await world.work();
      await world.send(...world.acksOf(world.triggered));
      await lose(world, new StreamError({ kind, code, message: 'it is another one; by=b' }));
      await world.send(world.reportsOf(0, { type: 'released' }));
      assert.equal((await world.next(1))?.action, 'END');
      const { status, error } = await world.view();
      assert.deepEqual([status, error?.code, error?.kind], ['FAILED', code, kind]);
      const { body } = await world.ask(`GET /jobs/${JOB_ID}/exceptions`);
      const { exceptionHistory } = body as { exceptionHistory: { entries: object[] } };
      const [entry] = exceptionHistory.entries as Record<string, unknown>[];
      assert.equal(entry?.exceptionName, code);
      assert.equal(entry?.stacktrace, `${code}: it is another one; by=b`);
      assert.deepEqual([entry?.taskManagerId, entry?.endpoint], [`${JOB_ID}-1`, 'lambda']);
      const manifest = `${ROOT}/checkpoints/${JOB_ID}/chk-1/_metadata`;
      assert.ok((await world.blobs.get(manifest)).length > 0);
    });
  }

  for (const kind of ['user', 'internal', 'unavailable', 'fenced', 'conflict'] as const) {
    it(`restarts as its strategy says when a restart may help: ${kind}`, async () => {
      const world = new ClusterWorld();
      await world.startJob({
        flinkConfiguration: {
          'restart-strategy.type': 'fixed-delay',
          'restart-strategy.fixed-delay.attempts': 1,
          'restart-strategy.fixed-delay.delay': '0 s',
        },
      });
      await lose(world, new StreamError({ kind, code: 'SOME_CODE', message: 'no' }));
      await world.send(world.reportsOf(0, { type: 'released' }));
      assert.deepEqual(await world.next(1), { action: 'RUN', attempt: 1, taskManagers: 2 });
      const [exception] = (await world.view()).exceptions.entries;
      assert.equal(exception?.error.code, 'SOME_CODE');
      // It has used up its one restart.
      await world.reportAll({ type: 'running' });
      await lose(world, new StreamError({ kind, code: 'SOME_CODE', message: 'no' }));
      assert.equal((await world.view()).status, 'FAILING');
    });
  }

  it('takes who asks for the next step while it seems to run for a loss of all', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await world.next(1);
    assert.equal((await world.view()).status, 'FAILED');
    assert.deepEqual(world.answered.at(-1)?.output, {
      ...{ action: 'END', jobId: JOB_ID, status: 'FAILED' },
    });
    assert.equal(world.metrics.JobFailed, 1);
  });

  it('shows progress once a second, and what it has come to at once', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await world.ask(`POST /jobs/${JOB_ID}/checkpoints`, { triggerId: TRIGGER });
    await world.work();
    const acknowledged = async (): Promise<number> => {
      const { checkpointStatistics } = await world.view();
      const [newest] = checkpointStatistics?.history ?? [];
      const subtasks = (newest?.tasks ?? []).flatMap((task) => task.subtasks);
      return subtasks.filter((stats) => stats !== null).length;
    };
    const [first, second] = world.acksOf(world.triggered);
    assert.ok(first !== undefined && second !== undefined);
    await world.send(first);
    assert.equal(await acknowledged(), 0);
    world.nowEpochMs += 1_000;
    await world.send(first);
    assert.equal(await acknowledged(), 2);
    await world.send(second);
    assert.equal(await acknowledged(), 4);
    assert.equal((await world.view()).checkpointStatistics?.counts.completed, 1);
  });

  it('is rescaled, with inboxes for TaskManagers it did not have', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await world.ask(`PATCH /jobs/${JOB_ID}/rescaling?parallelism=3`);
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    await world.reportAll({ type: 'released' });
    assert.deepEqual(await world.next(1), { action: 'RUN', attempt: 1, taskManagers: 3 });
    assert.equal(world.inboxes.size, 3);
    assert.deepEqual(
      (await world.view()).vertices.map(({ parallelism }) => parallelism),
      [3, 3],
    );
  });

  it('is not rescaled to more TaskManagers than may run', async () => {
    const world = new ClusterWorld({ maxTaskManagers: 3 });
    await world.startJob();
    const asked = await world.ask(`PATCH /jobs/${JOB_ID}/rescaling?parallelism=4`);
    const { 'request-id': id } = asked.body as { 'request-id': string };
    await world.work();
    const { body } = await world.ask(`GET /jobs/${JOB_ID}/rescaling/${id}`);
    const { operation } = body as { operation: Record<string, { class: string }> };
    assert.equal(operation['failure-cause']?.class, 'NO_RESOURCE_AVAILABLE');
    assert.equal(world.told('trigger-checkpoint').length, 0);
    assert.equal((await world.view()).status, 'RUNNING');
  });

  it('answers a savepoint to a state machine with its path', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const request = { type: 'savepoint' } as const;
    await world.send({
      ...{ type: 'request', jobId: JOB_ID, requestId: 'arn:1', request, taskToken: 'mine' },
    });
    await world.send(...world.acksOf(world.triggered));
    const { output } = world.answered.find(({ token }) => token === 'mine') ?? {};
    assert.match(String(output), /^s3:\/\/bucket\/savepoints\/savepoint-/);
  });

  it('goes on when who asked for a savepoint may not be answered', async () => {
    const world = new ClusterWorld();
    world.denied.add('mine');
    await world.startJob();
    const request = { type: 'savepoint' } as const;
    await world.send({
      ...{ type: 'request', jobId: JOB_ID, requestId: 'arn:1', request, taskToken: 'mine' },
    });
    assert.deepEqual(await world.send(...world.acksOf(world.triggered)), []);
    assert.ok(world.logs.some(({ fields }) => fields.code === 'TOKEN_NOT_ANSWERED'));
    assert.equal((await world.view()).status, 'RUNNING');
  });

  it('cancels itself behind a savepoint that is to cancel it', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const asked = { 'cancel-job': true, triggerId: TRIGGER };
    await world.ask(`POST /jobs/${JOB_ID}/savepoints`, asked);
    await world.work();
    await world.send(...world.acksOf(world.triggered));
    await world.work();
    assert.equal((await world.view()).status, 'CANCELLING');
    const { body } = await world.ask(`GET /jobs/${JOB_ID}/savepoints/${TRIGGER}`);
    assert.equal((body as { status: { id: string } }).status.id, 'COMPLETED');
  });
});

/** The second TaskManager throws: by the state machine's `Catch` to the coordinator. */
async function lose(world: ClusterWorld, error: StreamError): Promise<void> {
  const { attempt } = world.attempt;
  const lease = { jobId: JOB_ID, attempt, taskManager: 1, lease: 0 };
  await world.settle({ type: 'lost', ...lease, error: world.caught(error) });
  await world.work();
}
