/** A job's checkpoints, over REST. */
import type { CheckpointStatsRecord } from '../../checkpoint/index.ts';
import { checkpointJson, checkpointsJson } from './checkpoints-json.ts';
import type { ClusterApi, PathParameters, Route, RouteHandler } from './cluster-api.ts';
import { badRequest, type HttpAnswer, HttpRefusal } from './http-records.ts';
import { checkpointConfigJson } from './settings-json.ts';
import { subtaskCheckpointsJson } from './subtask-checkpoints-json.ts';

export const CHECKPOINT_ROUTES: readonly Route[] = [
  ['GET', '/jobs/:jobid/checkpoints', checkpoints],
  ['GET', '/jobs/:jobid/checkpoints/config', checkpointConfig],
  detailsRoute('', ({ record, nowEpochMs }) => checkpointJson(record, nowEpochMs)),
  detailsRoute('/subtasks/:vertexid', ({ record, nowEpochMs }, { vertexid = '' }) => {
    if (!/^[0-9a-f]{32}$/.test(vertexid)) {
      throw badRequest(`Cannot resolve path parameter (vertexid) from value "${vertexid}".`);
    }
    const task = record.tasks.find(({ vertexId }) => vertexId === vertexid);
    if (task !== undefined) return subtaskCheckpointsJson(record, task, nowEpochMs);
    throw new HttpRefusal(
      404,
      `There is no checkpoint statistics for task ${vertexid} of checkpoint ${record.checkpointId}.`,
    );
  }),
];

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

async function checkpoints(
  { jobs, clock }: ClusterApi,
  _request: unknown,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const { checkpointStatistics } = await jobs.get(jobid);
  if (checkpointStatistics === undefined) {
    throw new HttpRefusal(404, `Checkpointing is not known of yet for job ${jobid}.`);
  }
  return ok(checkpointsJson(checkpointStatistics, clock.nowEpochMs()));
}

async function checkpointConfig(
  { jobs }: ClusterApi,
  _request: unknown,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  return ok(checkpointConfigJson(await jobs.get(jobid)));
}

interface AskedCheckpoint {
  readonly record: CheckpointStatsRecord;
  readonly nowEpochMs: number;
}

function detailsRoute(
  path: string,
  answer: (asked: AskedCheckpoint, parameters: PathParameters) => object,
): Route {
  const handler: RouteHandler = async ({ jobs, clock }, _request, parameters) => {
    const { jobid = '', checkpointid = '' } = parameters;
    if (!/^\d{1,15}$/.test(checkpointid)) {
      const name = 'checkpointid';
      throw badRequest(`Cannot resolve path parameter (${name}) from value "${checkpointid}".`);
    }
    const history = (await jobs.get(jobid)).checkpointStatistics?.history ?? [];
    const record = history.find(({ checkpointId }) => checkpointId === Number(checkpointid));
    if (record !== undefined)
      return ok(answer({ record, nowEpochMs: clock.nowEpochMs() }, parameters));
    throw new HttpRefusal(404, `Could not find checkpointing statistics for ${checkpointid}.`);
  };
  return ['GET', `/jobs/:jobid/checkpoints/details/:checkpointid${path}`, handler];
}
