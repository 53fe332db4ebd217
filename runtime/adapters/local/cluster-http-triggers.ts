/** What changes running jobs, over REST. */

import type { ClusterApi, PathParameters, Route } from './cluster-http-api.ts';
import { failureJson } from './cluster-http-jobs.ts';
import {
  badRequest,
  flagOf,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
  optionalText,
} from './cluster-http-records.ts';

const ACCEPTED: HttpAnswer = { status: 202, body: {} };

export const TRIGGER_ROUTES: readonly Route[] = [
  ['PATCH', '/jobs/:jobid', cancel],
  ['POST', '/jobs/:jobid/stop', stop],
  ['POST', '/jobs/:jobid/savepoints', savepoint],
  ['GET', '/jobs/:jobid/savepoints/:triggerid', savepointStatus],
  ['POST', '/jobs/:jobid/checkpoints', checkpoint],
  ['GET', '/jobs/:jobid/checkpoints/:triggerid', checkpointStatus],
  ['PATCH', '/jobs/:jobid/rescaling', rescaling],
  ['GET', '/jobs/:jobid/rescaling/:triggerid', rescalingStatus],
  ['GET', '/jobs/:jobid/resource-requirements', requirements],
  ['PUT', '/jobs/:jobid/resource-requirements', changeRequirements],
  ['POST', '/savepoint-disposal', dispose],
  ['GET', '/savepoint-disposal/:triggerid', disposalStatus],
];

async function cancel(
  { dispatcher }: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const mode = query.get('mode') ?? 'cancel';
  if (mode !== 'cancel') {
    throw badRequest(`Mode "${mode}" is not known; POST /jobs/${jobid}/stop stops a job.`);
  }
  const { status } = dispatcher.get(jobid);
  await dispatcher.cancel(jobid).catch((thrown: { readonly code?: string }) => {
    if (thrown.code !== 'JOB_ALREADY_ENDED') throw thrown;
    throw new HttpRefusal(
      409,
      `Job cancellation failed because the job has already reached another terminal state (${status}).`,
    );
  });
  return ACCEPTED;
}

/** Starts an operation once, whatever its fate. */
function trigger(
  { operations, newId }: ClusterApi,
  scope: string,
  body: Readonly<Record<string, unknown>>,
  operation: () => Promise<unknown>,
): HttpAnswer {
  const triggerId = optionalText(body, 'triggerId') ?? newId();
  if (!/^[0-9a-f]{32}$/.test(triggerId)) {
    throw badRequest(`Field 'triggerId' must be 32 hex digits: ${triggerId}`);
  }
  operations.start(scope, triggerId, operation);
  return { status: 202, body: { 'request-id': triggerId } };
}

function stop(api: ClusterApi, request: HttpRequest, { jobid = '' }: PathParameters): HttpAnswer {
  const body = jsonBody(request);
  checkFormat(body);
  const drain = flagOf(body, 'drain');
  const target = optionalText(body, 'targetDirectory');
  api.dispatcher.get(jobid);
  const options = { drain, ...(target === undefined ? {} : { target }) };
  return trigger(api, `savepoint ${jobid}`, body, () => api.dispatcher.stop(jobid, options));
}

function savepoint(
  api: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): HttpAnswer {
  const body = jsonBody(request);
  checkFormat(body);
  const target = optionalText(body, 'target-directory');
  const isCancel = flagOf(body, 'cancel-job');
  const { dispatcher } = api;
  dispatcher.get(jobid);
  return trigger(api, `savepoint ${jobid}`, body, () =>
    isCancel ? dispatcher.cancelWithSavepoint(jobid, target) : dispatcher.savepoint(jobid, target),
  );
}

function checkFormat(body: Readonly<Record<string, unknown>>): void {
  const format = optionalText(body, 'formatType') ?? 'CANONICAL';
  if (format !== 'CANONICAL' && format !== 'NATIVE') {
    throw badRequest(`Field 'formatType' must be CANONICAL or NATIVE: ${format}`);
  }
}

function checkpoint(
  api: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): HttpAnswer {
  const body = jsonBody(request);
  const type = optionalText(body, 'checkpointType') ?? 'CONFIGURED';
  if (type !== 'CONFIGURED' && type !== 'FULL' && type !== 'INCREMENTAL') {
    throw badRequest(`Field 'checkpointType' is not known: ${type}`);
  }
  api.dispatcher.get(jobid);
  const kind = type === 'FULL' ? 'FULL' : 'CONFIGURED';
  return trigger(api, `checkpoint ${jobid}`, body, () => api.dispatcher.checkpoint(jobid, kind));
}

function rescaling(
  api: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): HttpAnswer {
  const text = query.get('parallelism') ?? '';
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw badRequest('Query parameter parallelism must be a positive integer.');
  }
  api.dispatcher.get(jobid);
  const parallelism = Number(text);
  return trigger(api, `rescaling ${jobid}`, {}, () => api.dispatcher.rescale(jobid, parallelism));
}

function requirements(
  { dispatcher }: ClusterApi,
  _request: HttpRequest,
  { jobid = '' }: PathParameters,
): HttpAnswer {
  const entries = dispatcher.get(jobid).vertices.map(({ id, parallelism }) => {
    return [id, { parallelism: { lowerBound: 1, upperBound: parallelism } }];
  });
  return { status: 200, body: Object.fromEntries(entries) };
}

/** Answers when the job runs at the new parallelism; the upper bounds count. */
async function changeRequirements(
  { dispatcher }: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const parallelism: Record<string, number> = {};
  for (const [id, value] of Object.entries(jsonBody(request))) {
    const bounds = (value as { parallelism?: { upperBound?: unknown } } | null)?.parallelism;
    const upperBound = bounds?.upperBound;
    if (typeof upperBound !== 'number' || !Number.isSafeInteger(upperBound) || upperBound < 1) {
      throw badRequest(`Vertex ${id} needs parallelism.upperBound, a positive integer.`);
    }
    parallelism[id] = upperBound;
  }
  await dispatcher.rescale(jobid, parallelism);
  return { status: 200, body: {} };
}

function dispose(api: ClusterApi, request: HttpRequest): HttpAnswer {
  const body = jsonBody(request);
  const path = optionalText(body, 'savepoint-path');
  if (path === undefined) throw badRequest("Field 'savepoint-path' must be given.");
  const started = trigger(api, 'disposal', body, () => api.dispatcher.disposeSavepoint(path));
  return { ...started, status: 200 };
}

function savepointStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): HttpAnswer {
  const what = `savepoint operation with triggerId=${triggerid} for job ${jobid}`;
  return status(api, `savepoint ${jobid}`, triggerid, what, {
    completed: (location) => ({ location }),
    failure: 'failure-cause',
  });
}

function checkpointStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): HttpAnswer {
  const what = `checkpoint operation with triggerId=${triggerid} for job ${jobid}`;
  return status(api, `checkpoint ${jobid}`, triggerid, what, {
    completed: (checkpointId) => ({ checkpointId }),
    failure: 'failureCause',
  });
}

function rescalingStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): HttpAnswer {
  const what = `rescaling with triggerId=${triggerid} for job ${jobid}`;
  return status(api, `rescaling ${jobid}`, triggerid, what, {
    completed: () => ({}),
    failure: 'failure-cause',
  });
}

function disposalStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { triggerid = '' }: PathParameters,
): HttpAnswer {
  const what = `savepoint disposal with triggerId=${triggerid}`;
  return status(api, 'disposal', triggerid, what, {
    completed: () => ({}),
    failure: 'failure-cause',
  });
}

/** Flink's shape of an operation's state. */
function status(
  { operations }: ClusterApi,
  scope: string,
  triggerId: string,
  what: string,
  shape: { readonly completed: (value: unknown) => object; readonly failure: string },
): HttpAnswer {
  const state = operations.get(scope, triggerId);
  if (state === undefined) throw new HttpRefusal(404, `There is no ${what}.`);
  if (state.type === 'in-progress') return { status: 200, body: { status: { id: 'IN_PROGRESS' } } };
  const operation =
    state.type === 'completed'
      ? shape.completed(state.value)
      : { [shape.failure]: failureJson(state.error) };
  return { status: 200, body: { status: { id: 'COMPLETED' }, operation } };
}
