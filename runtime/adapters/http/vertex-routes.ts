/** A job's vertices and their subtasks, over REST. */
import type { DispatchedJob, SubtaskExecution } from '../../jobmaster/index.ts';
import {
  subtasksAccumulatorsJson,
  userAccumulatorsJson,
  vertexAccumulatorsJson,
} from './accumulators-json.ts';
import type { ClusterApi, PathParameters, Route, TaskPlace } from './cluster-api.ts';
import { badRequest, type HttpAnswer, HttpRefusal } from './http-records.ts';
import {
  attemptJson,
  backPressureJson,
  type PlaceOf,
  type ShownVertex,
  shownVertices,
  subtaskJson,
  subtaskTimesJson,
  vertexJson,
  vertexTaskManagersJson,
} from './vertices-json.ts';
import { watermarkText } from './watermark-text.ts';

/** What a route of a vertex is shown with. */
interface AskedVertex {
  readonly job: DispatchedJob;
  readonly vertex: ShownVertex;
  readonly placeOf: PlaceOf;
  readonly nowEpochMs: number;
}

const ROOT = '/jobs/:jobid/vertices/:vertexid';

export const VERTEX_ROUTES: readonly Route[] = [
  route('', ({ vertex, placeOf, nowEpochMs }) => vertexJson(vertex, placeOf, nowEpochMs)),
  route('/subtasktimes', ({ vertex, placeOf, nowEpochMs }) => {
    return subtaskTimesJson(vertex, placeOf, nowEpochMs);
  }),
  route('/taskmanagers', ({ vertex, placeOf, nowEpochMs }) => {
    return vertexTaskManagersJson(vertex, placeOf, nowEpochMs);
  }),
  route('/backpressure', ({ vertex, nowEpochMs }) => backPressureJson(vertex, nowEpochMs)),
  route('/watermarks', ({ vertex }) => watermarksJson(vertex)),
  route('/accumulators', ({ job, vertex }) => vertexAccumulatorsJson(job, vertex)),
  route('/subtasks/accumulators', ({ vertex, placeOf }) => {
    return subtasksAccumulatorsJson(vertex, placeOf);
  }),
  route('/subtasks/:subtaskindex', (asked, parameters) => {
    const subtask = subtaskOf(asked.vertex, parameters);
    return subtaskJson(subtask, asked.placeOf, asked.nowEpochMs);
  }),
  route('/subtasks/:subtaskindex/attempts/:attempt', (asked, parameters) => {
    const subtask = subtaskOf(asked.vertex, parameters);
    const attempt = attemptOf(subtask, parameters);
    return attemptJson(subtask, attempt, asked.placeOf, asked.nowEpochMs);
  }),
  route('/subtasks/:subtaskindex/attempts/:attempt/accumulators', ({ vertex }, parameters) => {
    const subtask = subtaskOf(vertex, parameters);
    const attempt = attemptOf(subtask, parameters);
    const of = { subtask: subtask.subtaskIndex, attempt: attempt.attemptNumber };
    // What failed attempts have counted is dropped.
    const { accumulators } = (attempt === subtask ? subtask.metrics : undefined) ?? {};
    return {
      ...{ ...of, id: `${vertex.id}_${of.subtask}_${of.attempt}` },
      'user-accumulators': userAccumulatorsJson(accumulators),
    };
  }),
];

function route(
  path: string,
  answer: (asked: AskedVertex, parameters: PathParameters) => object,
): Route {
  return [
    'GET',
    `${ROOT}${path}`,
    async (api, _request, parameters): Promise<HttpAnswer> => {
      return { status: 200, body: answer(await askedVertex(api, parameters), parameters) };
    },
  ];
}

/** @throws {HttpRefusal} 404; 400 for what is no id. */
export async function askedVertex(
  { jobs, clock }: ClusterApi,
  { jobid = '', vertexid = '' }: PathParameters,
): Promise<AskedVertex> {
  if (!/^[0-9a-f]{32}$/.test(vertexid)) {
    throw badRequest(`Cannot resolve path parameter (vertexid) from value "${vertexid}".`);
  }
  const job = await jobs.get(jobid);
  const vertex = shownVertices(job).find(({ id }) => id === vertexid);
  if (vertex === undefined) throw new HttpRefusal(404, `JobVertex ${vertexid} not found`);
  const kept = keptPlaces(job);
  const placeOf: PlaceOf = (slot) => jobs.placeOf(jobid, slot) ?? kept.get(slot);
  return { job, vertex, placeOf, nowEpochMs: clock.nowEpochMs() };
}

/** By slot: what the job's own record has of processes that nobody lists any more. */
function keptPlaces({ executions }: DispatchedJob): ReadonlyMap<number, TaskPlace> {
  const places = new Map<number, TaskPlace>();
  for (const { slotIndex, place } of executions.flatMap(({ subtasks }) => subtasks)) {
    if (place !== undefined) places.set(slotIndex, place);
  }
  return places;
}

/** @throws {HttpRefusal} 404; 400 for what is no index. */
export function subtaskOf(
  { subtasks }: ShownVertex,
  { subtaskindex = '' }: PathParameters,
): SubtaskExecution {
  const index = countOf('subtaskindex', subtaskindex);
  const subtask = subtasks.find(({ subtaskIndex }) => subtaskIndex === index);
  if (subtask === undefined) throw new HttpRefusal(404, `Invalid subtask index: ${index}`);
  return subtask;
}

function attemptOf(subtask: SubtaskExecution, { attempt = '' }: PathParameters) {
  const number = countOf('attempt', attempt);
  const all = [subtask, ...subtask.prior];
  const found = all.find(({ attemptNumber }) => attemptNumber === number);
  if (found !== undefined) return found;
  // Flink says the same of those that it has forgotten.
  const message = `Could not find execution attempt ${number} of subtask ${subtask.subtaskIndex}`;
  throw new HttpRefusal(404, message);
}

function countOf(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw badRequest(`Cannot resolve path parameter (${name}) from value "${text}".`);
}

/** Of subtasks that have reported. */
function watermarksJson({ subtasks }: ShownVertex): readonly object[] {
  return subtasks.flatMap(({ subtaskIndex, metrics }) => {
    if (metrics === undefined) return [];
    const value = watermarkText(metrics.currentInputWatermarkMs);
    return [{ id: `${subtaskIndex}.currentInputWatermark`, value }];
  });
}
