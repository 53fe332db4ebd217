/**
 * The REST interface of a cluster, as functions from requests to answers. Paths and shapes are
 * Flink's; every route is served below `/` and `/v1`.
 *
 * I1  Ids are checked before anything is done with them.
 * I2  What changes something is never a GET, but for the one that Flink's dashboard cancels by.
 */

import { Configuration } from '../../core/index.ts';
import { jobAccumulatorsJson } from './accumulators-json.ts';
import { CHECKPOINT_ROUTES } from './checkpoint-routes.ts';
import type { ClusterApi, PathParameters, Route, RouteHandler } from './cluster-api.ts';
import { CLUSTER_ROUTES } from './cluster-routes.ts';
import { diagnosisJson } from './diagnosis-json.ts';
import { FLAME_GRAPH_ROUTES } from './flame-graph-routes.ts';
import {
  badRequest,
  errorAnswer,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
} from './http-records.ts';
import {
  exceptionsJson,
  executionResultJson,
  jobJson,
  jobOverviewJson,
  planJson,
} from './jobs-json.ts';
import { METRIC_ROUTES } from './metric-routes.ts';
import { PROCESS_ROUTES } from './process-routes.ts';
import { PROGRAM_ROUTES } from './program-routes.ts';
import { jobConfigJson } from './settings-json.ts';
import { STATE_ROUTES } from './state-routes.ts';
import { TRIGGER_ROUTES } from './trigger-routes.ts';
import { VERTEX_ROUTES } from './vertex-routes.ts';
import { webSettings } from './web-settings.ts';

/** Answers a request; never rejects. */
export async function answerRequest(api: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  try {
    const { handler, parameters } = findRoute(request);
    if ([...request.query.values()].some((value) => value.includes('\0'))) {
      throw badRequest('The query must not have NUL characters.');
    }
    return await handler(api, request, parameters);
  } catch (thrown) {
    return errorAnswer(thrown);
  }
}

const DEFAULT_WEB = webSettings(Configuration.EMPTY);

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

const ROUTES: readonly Route[] = [
  ...METRIC_ROUTES,
  ...CLUSTER_ROUTES,
  ['GET', '/overview', async (api) => ok(await overview(api))],
  ['GET', '/config', (api) => ok(config(api))],
  ['GET', '/jobs', async ({ jobs }) => ok({ jobs: (await jobs.list()).map(idAndStatus) })],
  [
    'GET',
    '/jobs/overview',
    async ({ jobs, clock }) => {
      const nowEpochMs = clock.nowEpochMs();
      return ok({ jobs: (await jobs.list()).map((job) => jobOverviewJson(job, nowEpochMs)) });
    },
  ],
  [
    'GET',
    '/jobs/:jobid',
    async ({ jobs, clock }, _request, { jobid = '' }) => {
      const job = await jobs.get(jobid);
      return ok(jobJson(job, await jobs.planOf(jobid), clock.nowEpochMs()));
    },
  ],
  [
    'GET',
    '/jobs/:jobid/plan',
    async ({ jobs }, _request, { jobid = '' }) => {
      const job = await jobs.get(jobid);
      return ok({ plan: planJson(job, await jobs.planOf(jobid)) });
    },
  ],
  [
    'GET',
    '/jobs/:jobid/status',
    async ({ jobs }, _request, { jobid = '' }) => ok({ status: (await jobs.get(jobid)).status }),
  ],
  [
    'GET',
    '/jobs/:jobid/execution-result',
    async ({ jobs }, _request, { jobid = '' }) => ok(executionResultJson(await jobs.get(jobid))),
  ],
  [
    'GET',
    '/jobs/:jobid/exceptions',
    async ({ jobs }, { query }, { jobid = '' }) => {
      const maxCount = Number(query.get('maxExceptions') ?? 20);
      if (!Number.isSafeInteger(maxCount) || maxCount < 0) {
        throw badRequest('Query parameter maxExceptions must be a count.');
      }
      const { exceptions } = await jobs.get(jobid);
      return ok(exceptionsJson(exceptions, maxCount, (slot) => jobs.fixedPlaceOf?.(jobid, slot)));
    },
  ],
  [
    'GET',
    '/jobs/:jobid/config',
    async ({ jobs }, _request, { jobid = '' }) => ok(jobConfigJson(await jobs.get(jobid))),
  ],
  // Not one of Flink's.
  [
    'GET',
    '/jobs/:jobid/diagnosis',
    async ({ jobs }, _request, { jobid = '' }) => ok(diagnosisJson(await jobs.diagnosis(jobid))),
  ],
  [
    'GET',
    '/jobs/:jobid/accumulators',
    async ({ jobs }, _request, { jobid = '' }) => {
      return ok(jobAccumulatorsJson(await jobs.get(jobid)));
    },
  ],
  ...STATE_ROUTES,
  ...CHECKPOINT_ROUTES,
  ...VERTEX_ROUTES,
  ...FLAME_GRAPH_ROUTES,
  ...PROCESS_ROUTES,
  ...TRIGGER_ROUTES,
  ...PROGRAM_ROUTES,
];

/** `GET /jobs/:jobid`: all there are. */
export const REST_ROUTES: readonly string[] = ROUTES.map(([method, path]) => `${method} ${path}`);

function findRoute({ method, path }: HttpRequest): {
  readonly handler: RouteHandler;
  readonly parameters: PathParameters;
} {
  let isPathKnown = false;
  for (const [routeMethod, routePath, handler] of ROUTES) {
    const parameters = match(routePath, path);
    if (parameters === undefined) continue;
    isPathKnown = true;
    if (routeMethod !== method) continue;
    // I1. A job's checkpoints are triggered, and shown, under the same path.
    for (const name of ['jobid', 'triggerid']) {
      const id = parameters[name];
      if (id !== undefined && !/^[0-9a-f]{32}$/.test(id)) {
        throw badRequest(`Cannot resolve path parameter (${name}) from value "${id}".`);
      }
    }
    return { handler, parameters };
  }
  if (isPathKnown) throw new HttpRefusal(405, `Method ${method} is not allowed: ${path}`);
  throw new HttpRefusal(404, `Not found: ${path}`);
}

/** Takes what is left of the path: keys of states have slashes, and paths come decoded. */
const REST = ':key';

function match(route: string, path: string): PathParameters | undefined {
  const expected = route.split('/');
  const all = path.split('/');
  const last = expected.length - 1;
  const takesRest = expected[last] === REST && all.length > last;
  const parts = takesRest ? [...all.slice(0, last), all.slice(last).join('/')] : all;
  if (expected.length !== parts.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of expected.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) parameters[name.slice(1)] = part;
    else if (name !== part) return undefined;
  }
  return parameters;
}

async function overview(api: ClusterApi): Promise<object> {
  const { total, available } = await api.jobs.slots();
  const jobs = await api.jobs.list();
  const count = (status: string): number => jobs.filter((job) => job.status === status).length;
  const [finished, canceled, failed] = [count('FINISHED'), count('CANCELED'), count('FAILED')];
  return {
    taskmanagers: await api.processes.countTaskManagers(),
    'slots-total': total,
    'slots-available': available,
    'jobs-running': jobs.length - finished - canceled - failed,
    'jobs-finished': finished,
    'jobs-cancelled': canceled,
    'jobs-failed': failed,
    'flink-version': api.version,
    'flink-commit': 'sluice',
  };
}

function config({ version, clock, dataDirectory, web = DEFAULT_WEB }: ClusterApi): object {
  const now = new Date(clock.nowEpochMs());
  return {
    'refresh-interval': web.refreshIntervalMs,
    'timezone-name': Intl.DateTimeFormat().resolvedOptions().timeZone,
    'timezone-offset': -now.getTimezoneOffset() * 60_000,
    'flink-version': version,
    'flink-revision': 'sluice',
    features: {
      'web-submit': web.submits,
      'web-cancel': web.cancels,
      'web-rescale': web.rescales,
      'web-history': false,
    },
    'data-directory': dataDirectory,
  };
}

function idAndStatus({ jobId, status }: { jobId: string; status: string }): object {
  return { id: jobId, status };
}
