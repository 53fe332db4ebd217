/** Goal: TaskManagers of a deployed cluster. Method: a cluster in one process, logs by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseKey } from '../../../checkpoint/index.ts';
import { HttpContent } from '../../http/index.ts';
import type { LogEvent, LogQuery } from '../logs/index.ts';
import { ClusterWorld, JOB_ID } from './cluster-world.conformance.ts';
import { CloudWatchFunctionLog } from './function-log.ts';

type Json = Record<string, unknown>;

async function listed(world: ClusterWorld): Promise<Json[]> {
  const { status, body } = await world.ask('GET /taskmanagers');
  assert.equal(status, 200, JSON.stringify(body));
  return (body as { taskmanagers: Json[] }).taskmanagers;
}

describe('TaskManagers of a deployed cluster', () => {
  it('are those that run slots now, under the names that vertices show', async () => {
    const world = new ClusterWorld({ taskSlots: 1 });
    assert.deepEqual(await listed(world), []);
    await world.startJob();
    const claimedAtEpochMs = 5000;
    const value = { attempt: world.attempt.attempt, lease: 0, holder: 'x', claimedAtEpochMs };
    await world.rows.write([{ type: 'put', ...leaseKey(JOB_ID, 0), value }]);
    const before = { attempt: -1, lease: 0, holder: 'y', claimedAtEpochMs };
    await world.rows.write([{ type: 'put', ...leaseKey(JOB_ID, 1), value: before }]);
    assert.deepEqual(
      (await listed(world)).map((one) => [
        ...[one.id, one.path, one.slotsNumber, one.freeSlots],
        one.timeSinceLastHeartbeat,
      ]),
      [
        [`${JOB_ID}-0`, 'lambda', 1, 0, 5000],
        [`${JOB_ID}-1`, 'lambda', 1, 0, 0],
      ],
    );
    const { body } = await world.ask(`GET /taskmanagers/${JOB_ID}-1`);
    assert.equal(((body as Json).allocatedSlots as Json[]).length, 1);
  });

  it('have the size of their function, and nothing is told of what it does with it', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const [one] = await listed(world);
    const { cpuCores, physicalMemory, freeMemory } = (one?.hardware ?? {}) as Json;
    assert.deepEqual([cpuCores, physicalMemory, freeMemory], [1.16, 2_048 * 1024 * 1024, -1]);
    const { cpuCores: free, taskHeapMemory } = (one?.totalResource ?? {}) as Json;
    assert.deepEqual([free, taskHeapMemory], [1.16, -1]);
  });

  it('are gone with their job, but for their logs', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    await world.ask(`PATCH /jobs/${JOB_ID}?mode=cancel`);
    await world.work();
    await world.reportAll({ type: 'released' });
    assert.deepEqual(await listed(world), []);
    assert.equal((await world.ask(`GET /taskmanagers/${JOB_ID}-0`)).status, 404);
    assert.equal((await world.ask(`GET /taskmanagers/${JOB_ID}-0/log`)).status, 200);
  });

  it('are not made of any name', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    for (const name of ['x', `${JOB_ID}`, `${JOB_ID}-01`, `${JOB_ID}--1`, `${JOB_ID}-99`]) {
      assert.equal((await world.ask(`GET /taskmanagers/${name}/log`)).status, 404, name);
    }
    assert.equal((await world.ask(`GET /taskmanagers/${'b'.repeat(32)}-0/log`)).status, 404);
    assert.equal((await world.ask(`GET /taskmanagers/${JOB_ID}-0/logs/passwd`)).status, 404);
  });

  it('say why nobody can look into them', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    for (const path of ['thread-dump', 'profiler']) {
      const { status, body } = await world.ask(`GET /taskmanagers/${JOB_ID}-0/${path}`);
      assert.equal(status, 404);
      assert.match(JSON.stringify(body), /runs as functions/);
    }
    const [vertex] = (await world.view()).vertices;
    const graph = await world.ask(`GET /jobs/${JOB_ID}/vertices/${vertex?.id}/flamegraph`);
    assert.deepEqual(graph.body, { endTimestamp: -2, data: null });
  });
});

describe('logs of a deployed cluster', () => {
  function logOf(lines: readonly object[], passMs = 0) {
    const asked: LogQuery[] = [];
    let nowMs = 0;
    const log = new CloudWatchFunctionLog(
      {
        async *read(query: LogQuery): AsyncGenerator<LogEvent> {
          asked.push(query);
          for (const [index, line] of lines.entries()) {
            nowMs += passMs;
            const text = JSON.stringify({ timestamp: 'T', level: 'INFO', ...line });
            yield { group: 'g', timestampEpochMs: index, text, id: String(index) };
          }
        },
      },
      'p',
      { nowEpochMs: () => 10_000_000, monotonicMs: () => nowMs },
    );
    return { log, asked };
  }
  const of = { jobId: JOB_ID, index: 1, isOutput: false };

  it('are those of one TaskManager, its output apart', async () => {
    const { log, asked } = logOf([
      { taskManager: 1, message: 'mine', slot: 2, jobId: JOB_ID, prefix: 'p' },
      { taskManager: 0, message: 'of another' },
      { taskManager: 1, message: '1> printed\n', print: true },
      { taskManager: 1, message: 'user code', console: true },
    ]);
    assert.equal(await log.ofTaskManager(of), 'T INFO  mine slot=2\n');
    assert.equal(await log.ofTaskManager({ ...of, isOutput: true }), '1> printed\nuser code\n');
    const [query] = asked;
    assert.deepEqual(
      [query?.groups, query?.jobId, query?.sinceEpochMs],
      [['/aws/lambda/p-taskmanager'], JOB_ID, 10_000_000 - 3_600_000],
    );
  });

  it('of the coordinator are of all jobs', async () => {
    const { log, asked } = logOf([{ message: 'a turn' }]);
    assert.equal(await log.ofCoordinator(), 'T INFO  a turn\n');
    assert.deepEqual(
      [asked[0]?.groups, asked[0]?.jobId],
      [['/aws/lambda/p-coordinator'], undefined],
    );
  });

  it('are bounded: the newest lines stay', async () => {
    const many = Array.from({ length: 12_000 }, (_, n) => ({ taskManager: 1, message: `n${n}` }));
    const text = await logOf(many).log.ofTaskManager(of);
    const lines = text.trimEnd().split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [5000, 'T INFO  n11999']);
    const large = Array.from({ length: 6 }, () => {
      return { taskManager: 1, message: 'x'.repeat(1_000_000) };
    });
    assert.ok((await logOf(large).log.ofTaskManager(of)).length < 3_000_000);
  });

  it('say that they were not read to their end', async () => {
    const lines = Array.from({ length: 4 }, () => ({ taskManager: 1, message: 'm' }));
    const text = await logOf(lines, 6000).log.ofTaskManager(of);
    assert.match(text, /longer than can be read at once/);
  });

  it('are texts over REST', async () => {
    const world = new ClusterWorld();
    await world.startJob();
    const { body } = await world.ask(`GET /taskmanagers/${JOB_ID}-0/stdout`);
    assert.ok(body instanceof HttpContent);
    assert.equal((await world.ask('GET /jobmanager/log')).status, 200);
    assert.equal((await world.ask('GET /jobmanager/stdout')).status, 404);
  });
});
