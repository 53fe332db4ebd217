/** Goal: processes in Flink's shapes, and nothing but known files. Method: requests, fake ports. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HttpContent } from './http-records.ts';
import { closedProcess, noProcesses } from './no-processes.ts';
import type {
  AskedFlameGraph,
  ClusterProcess,
  ClusterProcesses,
  FlameGraph,
  ProcessStatistics,
  Profiling,
  TaskManagerView,
} from './process-records.ts';
import { askOf, JOB_ID, RUNNING_JOB, SOURCE_ID } from './shown-cluster.fixture.ts';

type Json = Record<string, unknown>;

const MB = 1024 * 1024;
const STATISTICS: ProcessStatistics = {
  ...{ measuredAtEpochMs: 9000, heapUsedBytes: 10 * MB, heapCommittedBytes: 20 * MB },
  ...{ heapMaxBytes: 40 * MB, nonHeapUsedBytes: 5, nonHeapCommittedBytes: 6 },
  ...{ directUsedBytes: 7, residentBytes: 80 * MB, networkTotalBytes: 64 * 1024 },
  ...{ networkUsedBytes: 1, cpuTimeMs: 12, cpuLoad: 0.5, threadCount: 3 },
  ...{ cpuCount: 8, physicalMemoryBytes: 100 * MB, freeMemoryBytes: 50 * MB },
};
const VIEW: TaskManagerView = {
  ...{ taskManagerId: 'tm-1', endpoint: 'host:1', slotCount: 4, jobIdsOfSlots: [JOB_ID] },
  ...{ heartbeatAtEpochMs: 9500, statistics: STATISTICS },
};
const PROFILE: Profiling = {
  ...{ status: 'FINISHED', mode: 'CPU', durationS: 5, message: '' },
  ...{ triggeredAtEpochMs: 1, finishedAtEpochMs: 2, fileName: 'a.cpuprofile' },
};
const TEXT = 'text/plain; charset=UTF-8';

/** Has one log file, and says which names it was asked for. */
function processWith(asked: string[] = []): ClusterProcess {
  return {
    ...closedProcess('closed'),
    statistics: async () => STATISTICS,
    ...{ logName: 'taskmanager.log', stdoutName: undefined },
    logFiles: async () => [{ name: 'taskmanager.log', sizeBytes: 3, changedAtEpochMs: 4.5 }],
    readLog: async (name) => {
      asked.push(name);
      return name === 'taskmanager.log' ? new HttpContent(TEXT, 'abc') : undefined;
    },
    threadDump: async () => [{ name: 'slot-0', text: '"slot-0" RUNNABLE\n' }],
    profile: async (mode, durationS) => ({ ...PROFILE, mode, durationS, status: 'RUNNING' }),
    profilings: async () => [PROFILE],
    readProfile: async (name) =>
      name === 'a.cpuprofile' ? new HttpContent('application/json', '{}', name) : undefined,
  };
}

function clusterWith(changed: Partial<ClusterProcesses> = {}, asked: string[] = []) {
  const processes: ClusterProcesses = {
    ...noProcesses('none'),
    jobManager: {
      ...processWith(asked),
      configuration: { 's3.secret-key': 'hush', 'rest.port': 8081, url: 'http://u:pw@host/' },
      environment: { version: 'Node.js v24', arch: 'x64', options: ['--x'], modules: ['m'] },
    },
    countTaskManagers: async () => 1,
    taskManagers: async () => [VIEW],
    taskManager: async (id) => (id === 'tm-1' ? { ...processWith(asked), view: VIEW } : undefined),
    ...changed,
  };
  return (line: string, body?: object) => askOf(RUNNING_JOB, line, { processes }, body);
}

describe('GET /taskmanagers', () => {
  it('lists slots, memory and heartbeats', async () => {
    const { body } = await clusterWith()('GET /taskmanagers');
    const [one] = (body as { taskmanagers: Json[] }).taskmanagers;
    assert.deepEqual(
      [one?.id, one?.path, one?.slotsNumber, one?.freeSlots, one?.timeSinceLastHeartbeat],
      ['tm-1', 'host:1', 4, 3, 9500],
    );
    const { totalResource, freeResource } = (one ?? {}) as Record<string, Json>;
    assert.deepEqual([totalResource?.taskHeapMemory, freeResource?.taskHeapMemory], [40, 30]);
    const overview = (await clusterWith()('GET /overview')).body as Json;
    assert.equal(overview.taskmanagers, 1);
  });

  it('says as Flink does what a silent one does not tell: zero used, size unknown', async () => {
    const silent = { ...VIEW, heartbeatAtEpochMs: undefined, statistics: undefined };
    const ask = clusterWith({
      taskManagers: async () => [silent],
      taskManager: async () => ({ ...closedProcess('closed'), view: silent }),
    });
    const { status, body } = await ask('GET /taskmanagers/tm-1');
    assert.equal(status, 200);
    const { metrics, hardware, totalResource } = body as Record<string, Json>;
    assert.equal(metrics?.heapUsed, 0);
    assert.deepEqual([hardware?.cpuCores, hardware?.physicalMemory], [-1, -1]);
    assert.deepEqual([totalResource?.cpuCores, totalResource?.taskHeapMemory], [-1, -1]);
    assert.deepEqual((await ask('GET /taskmanagers/tm-1/metrics')).body, []);
  });

  it('shows one with its metrics and the slots that are taken', async () => {
    const { body } = await clusterWith()('GET /taskmanagers/tm-1');
    const { metrics, allocatedSlots } = body as { metrics: Json; allocatedSlots: Json[] };
    assert.deepEqual([metrics.heapUsed, metrics.nonHeapMax], [10 * MB, -1]);
    assert.deepEqual(
      [metrics.nettyShuffleMemorySegmentsTotal, metrics.nettyShuffleMemorySegmentsUsed],
      [2, 1],
    );
    assert.deepEqual(
      allocatedSlots.map(({ jobId }) => jobId),
      [JOB_ID],
    );
  });

  it('does not know others, nor any more those that are gone', async () => {
    const { status, body } = await clusterWith()('GET /taskmanagers/tm-2');
    assert.deepEqual([status, body], [404, { errors: ['Could not find TaskExecutor tm-2'] }]);
    const gone = clusterWith({ taskManagers: async () => [] });
    assert.equal((await gone('GET /taskmanagers/tm-1')).status, 404);
    assert.equal((await gone('GET /taskmanagers/tm-1/log')).status, 200);
  });
});

describe('metrics of processes', () => {
  it('are there under Flink’s names; what V8 does not have is left out', async () => {
    const path = 'GET /taskmanagers/tm-1/metrics?get=';
    const names = 'Status.JVM.Memory.Heap.Used,Status.JVM.Memory.Metaspace.Used';
    const { body } = await clusterWith()(`${path}${names}`);
    assert.deepEqual(body, [{ id: 'Status.JVM.Memory.Heap.Used', value: String(10 * MB) }]);
  });

  it('are aggregated over TaskManagers, or some of them', async () => {
    const path = 'GET /taskmanagers/metrics?get=Status.JVM.CPU.Load&agg=max';
    assert.deepEqual((await clusterWith()(path)).body, [{ id: 'Status.JVM.CPU.Load', max: 0.5 }]);
    assert.deepEqual((await clusterWith()(`${path}&taskmanagers=tm-9`)).body, []);
  });
});

describe('logs of processes', () => {
  it('are texts, not JSON', async () => {
    for (const root of ['/taskmanagers/tm-1', '/jobmanager']) {
      const { body } = await clusterWith()(`GET ${root}/log`);
      assert.ok(body instanceof HttpContent);
      assert.deepEqual([body.type, body.content], [TEXT, 'abc']);
    }
    assert.deepEqual((await clusterWith()('GET /taskmanagers/tm-1/logs')).body, {
      logs: [{ name: 'taskmanager.log', size: 3, mtime: 4 }],
    });
  });

  it('that are not known are answered as Flink’s dashboard expects it', async () => {
    const ask = clusterWith();
    for (const path of ['logs/passwd', 'logs/..', 'logs/%2e%2e%2fpasswd', 'stdout']) {
      const { status, body } = await ask(`GET /taskmanagers/tm-1/${path}`);
      assert.equal(status, 404, path);
      if (path === 'stdout') assert.deepEqual(body, { errors: ['File not found.'] });
    }
  });
});

describe('thread dumps and profiles', () => {
  it('are shown', async () => {
    assert.deepEqual((await clusterWith()('GET /jobmanager/thread-dump')).body, {
      threadInfos: [{ threadName: 'slot-0', stringifiedThreadInfo: '"slot-0" RUNNABLE\n' }],
    });
    const { body } = await clusterWith()('GET /taskmanagers/tm-1/profiler');
    assert.deepEqual((body as { profilingList: Json[] }).profilingList, [
      {
        ...{ status: 'FINISHED', mode: 'CPU', duration: 5, message: '' },
        ...{ triggerTime: 1, finishedTime: 2, outputFile: 'a.cpuprofile' },
      },
    ]);
    const file = await clusterWith()('GET /taskmanagers/tm-1/profiler/a.cpuprofile');
    assert.ok(file.body instanceof HttpContent);
    assert.equal((await clusterWith()('GET /taskmanagers/tm-1/profiler/b')).status, 404);
  });

  it('begin when they are asked for, of a kind and a length', async () => {
    const ask = clusterWith();
    const asked = (body: object) => ask('POST /taskmanagers/tm-1/profiler', body);
    const { status, body } = await asked({ mode: 'ALLOC', duration: 3 });
    const { status: state, mode, finishedTime } = body as Json;
    assert.deepEqual([status, state, mode, finishedTime], [200, 'RUNNING', 'ALLOC', 2]);
    for (const wrong of [{ mode: 'X', duration: 3 }, { mode: 'CPU' }, { duration: -1 }]) {
      assert.equal((await asked(wrong)).status, 400, JSON.stringify(wrong));
    }
  });
});

describe('the JobManager', () => {
  it('shows its configuration in order, with secrets masked, of a job as well', async () => {
    const expected = [
      { key: 'rest.port', value: '8081' },
      { key: 's3.secret-key', value: '******' },
      { key: 'url', value: 'http://******@host/' },
    ];
    const ask = clusterWith();
    assert.deepEqual((await ask('GET /jobmanager/config')).body, expected);
    assert.deepEqual((await ask(`GET /jobs/${JOB_ID}/jobmanager/config`)).body, expected);
    const unknown = '0'.repeat(32);
    assert.equal((await ask(`GET /jobs/${unknown}/jobmanager/config`)).status, 404);
  });

  it('says where logs of a job are', async () => {
    const ask = clusterWith();
    const manager = await ask(`GET /jobs/${JOB_ID}/jobmanager/log-url`);
    const task = await ask(`GET /jobs/${JOB_ID}/taskmanagers/tm-1/log-url`);
    assert.deepEqual(
      [manager.body, task.body],
      [{ url: '/jobmanager/log' }, { url: '/taskmanagers/tm-1/log' }],
    );
    assert.equal((await ask(`GET /jobs/${JOB_ID}/taskmanagers/x/log-url`)).status, 404);
  });
});

describe('GET …/flamegraph', () => {
  const path = `GET /jobs/${JOB_ID}/vertices/${SOURCE_ID}/flamegraph`;
  const with_ = (graph: FlameGraph, asked: AskedFlameGraph[] = []) =>
    clusterWith({
      flameGraph: async (one) => {
        asked.push(one);
        return graph;
      },
    });

  it('asks for the threads of the subtasks that are meant', async () => {
    const asked: AskedFlameGraph[] = [];
    const root = { name: 'root', value: 1, children: [] };
    const ask = with_({ endEpochMs: 5, root }, asked);
    assert.deepEqual((await ask(path)).body, { endTimestamp: 5, data: root });
    await ask(`${path}?type=ON_CPU&subtaskindex=1`);
    assert.deepEqual(
      asked.map(({ type, slotIndexes }) => [type, slotIndexes]),
      [
        ['full', [0, 1]],
        ['on_cpu', [1]],
      ],
    );
  });

  it('says why there is none, as Flink does', async () => {
    const expected = { terminated: -1, disabled: -2, waiting: -3 } as const;
    for (const why of ['terminated', 'disabled', 'waiting'] as const) {
      const { status, body } = await with_({ why })(path);
      assert.deepEqual([status, body], [200, { endTimestamp: expected[why], data: null }]);
    }
  });

  it('refuses what is no type and no subtask', async () => {
    const ask = with_({ why: 'waiting' });
    assert.equal((await ask(`${path}?type=heap`)).status, 400);
    assert.equal((await ask(`${path}?subtaskindex=x`)).status, 400);
    assert.equal((await ask(`${path}?subtaskindex=7`)).status, 404);
  });
});
