/**
 * TaskManagers and the JobManager over REST: what they are, measure, log and do.
 *
 * I1  A name of a TaskManager or a file comes from outside: it is only ever compared with the names
 *     that the cluster knows.
 */
import { maskSecrets } from '../../core/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import {
  badRequest,
  type HttpAnswer,
  type HttpContent,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
} from './http-records.ts';
import { listOf } from './metric-routes.ts';
import { aggregatesJson, metricsJson } from './metrics-json.ts';
import {
  type ClusterProcess,
  type ClusterTaskManager,
  PROFILING_MODES,
  type Profiling,
  type ProfilingMode,
} from './process-records.ts';
import { processMetrics, taskManagerDetailsJson, taskManagerJson } from './task-managers-json.ts';

const TASK_MANAGER = '/taskmanagers/:taskmanagerid';
const JOB_MANAGER = '/jobmanager';
const OF_JOB = '/jobs/:jobid/jobmanager';

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

type Found = (api: ClusterApi, parameters: PathParameters) => Promise<ClusterProcess>;

/** The same of both kinds of process. */
function routesOf(root: string, find: Found): readonly Route[] {
  const get = (
    path: string,
    answer: (
      of: ClusterProcess,
      parameters: PathParameters,
      request: HttpRequest,
    ) => Promise<unknown>,
  ): Route => [
    'GET',
    `${root}${path}`,
    async (api, request, parameters) =>
      ok(await answer(await find(api, parameters), parameters, request)),
  ];
  return [
    get('/metrics', async (of, _, { query }) => {
      return metricsJson(processMetrics(await of.statistics()), listOf(query, 'get'));
    }),
    get('/log', (of) => logNamed(of, of.logName)),
    get('/stdout', (of) => logNamed(of, of.stdoutName)),
    get('/logs', async (of) => ({
      logs: (await of.logFiles()).map(({ name, sizeBytes, changedAtEpochMs }) => {
        return { name, size: sizeBytes, mtime: Math.floor(changedAtEpochMs) };
      }),
    })),
    get('/logs/:file', (of, { file }) => logNamed(of, file)),
    get('/thread-dump', async (of) => ({
      threadInfos: (await of.threadDump()).map(({ name, text }) => {
        return { threadName: name, stringifiedThreadInfo: text };
      }),
    })),
    get('/profiler', async (of) => ({
      profilingList: (await of.profilings()).map(profilingJson),
    })),
    get('/profiler/:file', async (of, { file = '' }) => found(await of.readProfile(file))),
    [
      'POST',
      `${root}/profiler`,
      async (api, request, parameters) => {
        const of = await find(api, parameters);
        const { mode, durationS } = askedProfile(request);
        return ok(profilingJson(await of.profile(mode, durationS)));
      },
    ],
  ];
}

export const PROCESS_ROUTES: readonly Route[] = [
  [
    'GET',
    '/taskmanagers',
    async ({ processes }) => {
      return ok({ taskmanagers: (await processes.taskManagers()).map(taskManagerJson) });
    },
  ],
  ['GET', '/taskmanagers/metrics', ofTaskManagers],
  [
    'GET',
    TASK_MANAGER,
    async (api, _request, parameters) => {
      const taskManager = await liveTaskManager(api, parameters);
      const statistics = await taskManager.statistics();
      return ok(taskManagerDetailsJson({ ...taskManager.view, statistics }));
    },
  ],
  ...routesOf(TASK_MANAGER, taskManagerOf),
  ...routesOf(JOB_MANAGER, async ({ processes }) => processes.jobManager),
  ['GET', `${JOB_MANAGER}/config`, (api) => ok(configurationJson(api))],
  ['GET', `${JOB_MANAGER}/environment`, (api) => ok(environmentJson(api))],
  ofJob(`${OF_JOB}/config`, configurationJson),
  ofJob(`${OF_JOB}/environment`, environmentJson),
  // The dashboard opens what they name beside itself.
  ofJob(`${OF_JOB}/log-url`, () => ({ url: `${JOB_MANAGER}/log` })),
  ofJob('/jobs/:jobid/taskmanagers/:taskmanagerid/log-url', async (api, parameters) => {
    await taskManagerOf(api, parameters);
    const { taskmanagerid = '' } = parameters;
    return { url: `/taskmanagers/${encodeURIComponent(taskmanagerid)}/log` };
  }),
];

function ofJob(
  path: string,
  answer: (api: ClusterApi, parameters: PathParameters) => unknown,
): Route {
  return [
    'GET',
    path,
    async (api, _request, parameters) => {
      await api.jobs.get(parameters.jobid ?? '');
      return ok(await answer(api, parameters));
    },
  ];
}

async function ofTaskManagers(api: ClusterApi, { query }: HttpRequest): Promise<HttpAnswer> {
  const ids = listOf(query, 'taskmanagers');
  const chosen = (await api.processes.taskManagers()).filter(
    ({ taskManagerId }) => ids === undefined || ids.includes(taskManagerId),
  );
  const metrics = chosen.map(({ statistics }) => processMetrics(statistics));
  return ok(aggregatesJson(metrics, listOf(query, 'get'), listOf(query, 'agg')));
}

/** I1. */
async function taskManagerOf(
  { processes }: ClusterApi,
  { taskmanagerid = '' }: PathParameters,
): Promise<ClusterTaskManager> {
  const taskManager = await processes.taskManager(taskmanagerid);
  if (taskManager !== undefined) return taskManager;
  throw new HttpRefusal(404, `Could not find TaskExecutor ${taskmanagerid}`);
}

/** Of one that is gone only its logs are shown. */
async function liveTaskManager(
  api: ClusterApi,
  parameters: PathParameters,
): Promise<ClusterTaskManager> {
  const taskManager = await taskManagerOf(api, parameters);
  const { taskManagerId } = taskManager.view;
  const all = await api.processes.taskManagers();
  if (all.some((one) => one.taskManagerId === taskManagerId)) return taskManager;
  throw new HttpRefusal(404, `TaskExecutor ${taskManagerId} is gone; its logs are kept`);
}

async function logNamed(of: ClusterProcess, name: string | undefined): Promise<HttpContent> {
  return found(name === undefined ? undefined : await of.readLog(name));
}

function found(content: HttpContent | undefined): HttpContent {
  if (content !== undefined) return content;
  // Flink's dashboard knows this text.
  throw new HttpRefusal(404, 'File not found.');
}

function configurationJson({ processes }: ClusterApi): object {
  return Object.entries(maskSecrets(processes.jobManager.configuration))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value }));
}

function environmentJson({ processes }: ClusterApi): object {
  const { version, arch, options, modules } = processes.jobManager.environment;
  return { jvm: { version, arch, options }, classpath: modules };
}

function profilingJson(profiling: Profiling): object {
  const { status, mode, durationS, triggeredAtEpochMs, finishedAtEpochMs } = profiling;
  return {
    ...{ status, mode, duration: durationS, message: profiling.message },
    triggerTime: triggeredAtEpochMs,
    finishedTime: finishedAtEpochMs ?? null,
    outputFile: profiling.fileName ?? null,
  };
}

function askedProfile(request: HttpRequest): { mode: ProfilingMode; durationS: number } {
  const { mode = 'CPU', duration } = jsonBody(request);
  const known = PROFILING_MODES.find((one) => one === mode);
  if (known === undefined) {
    throw badRequest(`Profiling mode is one of ${PROFILING_MODES.join(', ')}.`);
  }
  if (typeof duration !== 'number' || !Number.isSafeInteger(duration) || duration <= 0) {
    throw badRequest('`duration` must be a number of seconds from 1.');
  }
  return { mode: known, durationS: duration };
}
