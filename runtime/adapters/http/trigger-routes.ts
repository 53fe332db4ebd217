/** What changes running jobs, over REST. */

import type {
  ClusterApi,
  OperationPlace,
  PathParameters,
  Route,
  TriggeredOperation,
} from './cluster-api.ts';
import {
  badRequest,
  flagOf,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
  optionalPath,
  optionalText,
} from './http-records.ts';
import { failureJson } from './jobs-json.ts';

const ACCEPTED: HttpAnswer = { status: 202, body: {} };

export const TRIGGER_ROUTES: readonly Route[] = [
  ['PATCH', '/jobs/:jobid', cancel],
  // Flink's dashboard asks so. Pages of other sites cannot: where a request is from is looked at.
  ['GET', '/jobs/:jobid/yarn-cancel', cancel],
  ['POST', '/jobs/:jobid/wake', wake],
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
  { jobs }: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const mode = query.get('mode') ?? 'cancel';
  if (mode !== 'cancel') {
    throw badRequest(`Mode "${mode}" is not known; POST /jobs/${jobid}/stop stops a job.`);
  }
  const { status } = await jobs.get(jobid);
  await jobs.cancel(jobid).catch((thrown: { readonly code?: string }) => {
    if (thrown.code !== 'JOB_ALREADY_ENDED') throw thrown;
    throw new HttpRefusal(
      409,
      `Job cancellation failed because the job has already reached another terminal state (${status}).`,
    );
  });
  return ACCEPTED;
}

/** This project's own. */
async function wake(
  { jobs }: ClusterApi,
  _request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const { status } = await jobs.get(jobid);
  await jobs.wake(jobid).catch((thrown: { readonly code?: string }) => {
    if (thrown.code !== 'JOB_ALREADY_ENDED') throw thrown;
    throw new HttpRefusal(409, `The job has ended and cannot be woken (${status}).`);
  });
  return ACCEPTED;
}

/** Starts an operation once, whatever its fate. */
async function trigger(
  { operations, newId }: ClusterApi,
  body: Readonly<Record<string, unknown>>,
  operation: TriggeredOperation,
): Promise<HttpAnswer> {
  const triggerId = optionalText(body, 'triggerId') ?? newId();
  if (!/^[0-9a-f]{32}$/.test(triggerId)) {
    throw badRequest(`Field 'triggerId' must be 32 hex digits: ${triggerId}`);
  }
  await operations.start(triggerId, operation);
  return { status: 202, body: { 'request-id': triggerId } };
}

function stop(
  api: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const body = jsonBody(request);
  checkFormat(body);
  const drain = flagOf(body, 'drain');
  const target = targetOf(body, 'targetDirectory');
  return trigger(api, body, { type: 'stop', jobId: jobid, drain, ...target });
}

function savepoint(
  api: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const body = jsonBody(request);
  checkFormat(body);
  const target = targetOf(body, 'target-directory');
  const cancelsJob = flagOf(body, 'cancel-job');
  return trigger(api, body, { type: 'savepoint', jobId: jobid, cancelsJob, ...target });
}

function targetOf(
  body: Readonly<Record<string, unknown>>,
  name: string,
): { readonly target?: string } {
  const target = optionalPath(body, name);
  return target === undefined ? {} : { target };
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
): Promise<HttpAnswer> {
  const body = jsonBody(request);
  const type = optionalText(body, 'checkpointType') ?? 'CONFIGURED';
  if (type !== 'CONFIGURED' && type !== 'FULL' && type !== 'INCREMENTAL') {
    throw badRequest(`Field 'checkpointType' is not known: ${type}`);
  }
  const kind = type === 'FULL' ? 'FULL' : 'CONFIGURED';
  return trigger(api, body, { type: 'checkpoint', jobId: jobid, kind });
}

function rescaling(
  api: ClusterApi,
  { query }: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const text = query.get('parallelism') ?? '';
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw badRequest('Query parameter parallelism must be a positive integer.');
  }
  return trigger(api, {}, { type: 'rescale', jobId: jobid, parallelism: Number(text) });
}

async function requirements(
  { jobs }: ClusterApi,
  _request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const entries = (await jobs.get(jobid)).vertices.map(({ id, parallelism }) => {
    return [id, { parallelism: { lowerBound: 1, upperBound: parallelism } }];
  });
  return { status: 200, body: Object.fromEntries(entries) };
}

/** The upper bounds count. */
async function changeRequirements(
  { jobs }: ClusterApi,
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
  await jobs.rescale(jobid, parallelism);
  return { status: 200, body: {} };
}

async function dispose(api: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  const body = jsonBody(request);
  const path = optionalPath(body, 'savepoint-path');
  if (path === undefined) throw badRequest("Field 'savepoint-path' must be given.");
  return { ...(await trigger(api, body, { type: 'dispose', path })), status: 200 };
}

function savepointStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const what = `savepoint operation with triggerId=${triggerid} for job ${jobid}`;
  return status(api, { type: 'savepoint', jobId: jobid, triggerId: triggerid }, what, {
    completed: (location) => ({ location }),
    failure: 'failure-cause',
  });
}

function checkpointStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const what = `checkpoint operation with triggerId=${triggerid} for job ${jobid}`;
  return status(api, { type: 'checkpoint', jobId: jobid, triggerId: triggerid }, what, {
    completed: (checkpointId) => ({ checkpointId }),
    failure: 'failureCause',
  });
}

function rescalingStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { jobid = '', triggerid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const what = `rescaling with triggerId=${triggerid} for job ${jobid}`;
  return status(api, { type: 'rescale', jobId: jobid, triggerId: triggerid }, what, {
    completed: () => ({}),
    failure: 'failure-cause',
  });
}

function disposalStatus(
  api: ClusterApi,
  _request: HttpRequest,
  { triggerid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const what = `savepoint disposal with triggerId=${triggerid}`;
  return status(api, { type: 'dispose', triggerId: triggerid }, what, {
    completed: () => ({}),
    failure: 'failure-cause',
  });
}

/** Flink's shape of an operation's state. */
async function status(
  { operations }: ClusterApi,
  place: OperationPlace,
  what: string,
  shape: { readonly completed: (value: unknown) => object; readonly failure: string },
): Promise<HttpAnswer> {
  const state = await operations.get(place);
  if (state === undefined) throw new HttpRefusal(404, `There is no ${what}.`);
  if (state.type === 'in-progress') return { status: 200, body: { status: { id: 'IN_PROGRESS' } } };
  const operation =
    state.type === 'completed'
      ? shape.completed(state.value)
      : { [shape.failure]: failureJson(state.error) };
  return { status: 200, body: { status: { id: 'COMPLETED' }, operation } };
}
