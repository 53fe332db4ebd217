/** A vertex' flame graph over REST, in Flink's shapes. */
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import { badRequest, type HttpAnswer, HttpRefusal, type HttpRequest } from './http-records.ts';
import { FLAME_GRAPH_TYPES, type FlameGraph } from './process-records.ts';
import { askedVertex } from './vertex-routes.ts';

/** @see org.apache.flink.runtime.webmonitor.threadinfo.VertexFlameGraph */
const REASONS = { terminated: -1, disabled: -2, waiting: -3 } as const;

export const FLAME_GRAPH_ROUTES: readonly Route[] = [
  ['GET', '/jobs/:jobid/vertices/:vertexid/flamegraph', flameGraph],
];

async function flameGraph(
  api: ClusterApi,
  { query }: HttpRequest,
  parameters: PathParameters,
): Promise<HttpAnswer> {
  const { vertex } = await askedVertex(api, parameters);
  const name = (query.get('type') ?? 'full').toLowerCase();
  const type = FLAME_GRAPH_TYPES.find((one) => one === name);
  if (type === undefined) {
    throw badRequest(`Query parameter type is one of ${FLAME_GRAPH_TYPES.join(', ')}.`);
  }
  const index = query.get('subtaskindex');
  if (index !== null && !/^\d{1,9}$/.test(index)) {
    throw badRequest(`Query parameter subtaskindex is no index: "${index}".`);
  }
  const subtaskIndex = index === null ? undefined : Number(index);
  const isAsked = (of: number): boolean => subtaskIndex === undefined || subtaskIndex === of;
  if (subtaskIndex !== undefined && subtaskIndex >= vertex.parallelism) {
    throw new HttpRefusal(404, `Invalid subtask index: ${subtaskIndex}`);
  }
  const running = vertex.subtasks.filter(({ state }) => state === 'RUNNING');
  const asked = running.filter((subtask) => isAsked(subtask.subtaskIndex));
  const jobId = parameters.jobid ?? '';
  const graph: FlameGraph =
    asked.length === 0
      ? { why: 'terminated' }
      : await api.processes.flameGraph({
          ...{ jobId, vertexId: vertex.id, type, subtaskIndex },
          slotIndexes: asked.map(({ slotIndex }) => slotIndex),
        });
  return { status: 200, body: flameGraphJson(graph) };
}

function flameGraphJson(graph: FlameGraph): object {
  if ('why' in graph) return { endTimestamp: REASONS[graph.why], data: null };
  return { endTimestamp: graph.endEpochMs, data: graph.root };
}
