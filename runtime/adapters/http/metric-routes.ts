/** Metrics of jobs, vertices and subtasks, over REST. All answers are bare arrays, as Flink's. */
import type { SubtaskExecution } from '../../jobmaster/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import { badRequest, type HttpAnswer, type HttpRequest } from './http-records.ts';
import {
  aggregatesJson,
  jobMetrics,
  type Metrics,
  metricsJson,
  subtaskMetrics,
} from './metrics-json.ts';
import { topNJson } from './top-n-json.ts';
import { askedVertex, subtaskOf } from './vertex-routes.ts';

const VERTEX = '/jobs/:jobid/vertices/:vertexid';

/** Before routes with place-holders that these would match. */
export const METRIC_ROUTES: readonly Route[] = [
  ['GET', '/jobs/metrics', ofJobs],
  ['GET', '/jobs/:jobid/metrics', ofJob],
  ['GET', '/jobs/:jobid/metrics/top-n', topN],
  ['GET', `${VERTEX}/metrics`, ofVertex],
  // Of operators' coordinators; none of them has any.
  ['GET', `${VERTEX}/jm-operator-metrics`, ofCoordinators],
  ['GET', `${VERTEX}/subtasks/metrics`, ofSubtasks],
  ['GET', `${VERTEX}/subtasks/:subtaskindex/metrics`, ofSubtask],
];

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

async function ofJobs({ jobs, clock }: ClusterApi, { query }: HttpRequest): Promise<HttpAnswer> {
  const ids = listOf(query, 'jobs');
  for (const id of ids ?? []) {
    if (!/^[0-9a-f]{32}$/.test(id)) throw badRequest(`Query parameter jobs: not an id: "${id}".`);
  }
  const chosen = (await jobs.list()).filter(
    ({ jobId }) => ids === undefined || ids.includes(jobId),
  );
  const metrics = chosen.map((job) => jobMetrics(job, clock.nowEpochMs()));
  return ok(aggregatesJson(metrics, listOf(query, 'get'), listOf(query, 'agg')));
}

async function ofJob(
  { jobs, clock }: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const metrics = jobMetrics(await jobs.get(jobid), clock.nowEpochMs());
  return ok(metricsJson(metrics, listOf(query, 'get')));
}

/** As Flink's. */
const TOP_N = { usual: 5, most: 100 } as const;

async function topN(
  { jobs, clock }: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const text = query.get('topN') ?? String(TOP_N.usual);
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > TOP_N.most) {
    throw badRequest(`Query parameter topN must be a number from 1 to ${TOP_N.most}: "${text}".`);
  }
  return ok(topNJson(await jobs.get(jobid), count, clock.nowEpochMs()));
}

/** Of all subtasks, by `<index>.<name>`. */
async function ofVertex(
  api: ClusterApi,
  { query }: HttpRequest,
  parameters: PathParameters,
): Promise<HttpAnswer> {
  const { vertex } = await askedVertex(api, parameters);
  const metrics: Metrics = new Map(
    vertex.subtasks.flatMap((subtask) =>
      [...subtaskMetrics(subtask)].map(([name, value]) => {
        return [`${subtask.subtaskIndex}.${name}`, value] as const;
      }),
    ),
  );
  return ok(metricsJson(metrics, listOf(query, 'get')));
}

async function ofCoordinators(
  api: ClusterApi,
  _request: HttpRequest,
  parameters: PathParameters,
): Promise<HttpAnswer> {
  await askedVertex(api, parameters);
  return ok([]);
}

async function ofSubtasks(
  api: ClusterApi,
  { query }: HttpRequest,
  parameters: PathParameters,
): Promise<HttpAnswer> {
  const { vertex } = await askedVertex(api, parameters);
  const chosen = inRanges(vertex.subtasks, listOf(query, 'subtasks'));
  const metrics = chosen.map(subtaskMetrics);
  return ok(aggregatesJson(metrics, listOf(query, 'get'), listOf(query, 'agg')));
}

async function ofSubtask(
  api: ClusterApi,
  { query }: HttpRequest,
  parameters: PathParameters,
): Promise<HttpAnswer> {
  const { vertex } = await askedVertex(api, parameters);
  return ok(metricsJson(subtaskMetrics(subtaskOf(vertex, parameters)), listOf(query, 'get')));
}

/** Undefined: not given. */
export function listOf(query: URLSearchParams, name: string): readonly string[] | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  return text.split(',').filter((part) => part !== '');
}

/** @param ranges `1,3,5-9`. */
function inRanges(
  subtasks: readonly SubtaskExecution[],
  ranges: readonly string[] | undefined,
): readonly SubtaskExecution[] {
  if (ranges === undefined) return subtasks;
  const bounds = ranges.map((range) => {
    const [, from, to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? [];
    if (from !== undefined) return [Number(from), Number(to)] as const;
    throw badRequest(`Query parameter subtasks: not a range: "${range}".`);
  });
  return subtasks.filter(({ subtaskIndex }) =>
    bounds.some(([from, to]) => from <= subtaskIndex && subtaskIndex <= to),
  );
}
