/** The cluster as a whole, and what Flink's clients ask of it that has no job: over REST. */
import { createHash } from 'node:crypto';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import {
  badRequest,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
} from './http-records.ts';

const ID = /^[0-9a-f]{32}$/;
/** Of a trigger id: so much is chance, the rest proves that it was given here. */
const CHANCE_CHARS = 16;

export const CLUSTER_ROUTES: readonly Route[] = [
  ['DELETE', '/cluster', shutDown],
  ['GET', '/metrics', metrics],
  ['PATCH', '/jobs/:jobid/clientHeartbeat', clientHeartbeat],
  // No job caches a result: there are none, and what is deleted is gone already.
  ['GET', '/datasets', () => ok({ dataSets: [] })],
  ['DELETE', '/datasets/:datasetid', deleteDataSet],
  ['GET', '/datasets/delete/:triggerid', dataSetDeletion],
];

const ok = (body: unknown): HttpAnswer => ({ status: 200, body });

async function shutDown({ lifecycle }: ClusterApi): Promise<HttpAnswer> {
  await lifecycle.shutDown();
  return ok({});
}

/** This project's own: Flink's reporter has a port for it. */
async function metrics({ metricsText }: ClusterApi): Promise<HttpAnswer> {
  if (metricsText !== undefined) return ok(await metricsText());
  const message =
    'A deployed cluster writes its metrics to CloudWatch: nothing of it runs that could be asked.';
  throw new HttpRefusal(501, message);
}

/** @see org.apache.flink.runtime.rest.messages.job.JobClientHeartbeatRequestBody */
async function clientHeartbeat(
  { jobs, lifecycle }: ClusterApi,
  request: HttpRequest,
  { jobid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const { expiredTimestamp } = jsonBody(request);
  const isTime = typeof expiredTimestamp === 'number' && Number.isSafeInteger(expiredTimestamp);
  if (!isTime || expiredTimestamp < 0) {
    throw badRequest("Field 'expiredTimestamp' must be milliseconds since 1970.");
  }
  await jobs.get(jobid);
  await lifecycle.clientHeartbeat(jobid, expiredTimestamp);
  return { status: 202, body: {} };
}

/** As Flink's of a data set it does not know: accepted, and done. */
function deleteDataSet(
  { newId }: ClusterApi,
  _request: HttpRequest,
  { datasetid = '' }: PathParameters,
): HttpAnswer {
  if (!ID.test(datasetid)) {
    throw badRequest(`Cannot resolve path parameter (datasetid) from value "${datasetid}".`);
  }
  return { status: 202, body: { 'request-id': signed(newId().slice(0, CHANCE_CHARS)) } };
}

function dataSetDeletion(
  _api: ClusterApi,
  _request: HttpRequest,
  { triggerid = '' }: PathParameters,
): HttpAnswer {
  if (signed(triggerid.slice(0, CHANCE_CHARS)) !== triggerid) {
    throw new HttpRefusal(404, `There is no data set deletion with triggerId=${triggerid}.`);
  }
  return ok({ status: { id: 'COMPLETED' }, operation: {} });
}

/** Nothing need be kept of what is done at once: the id itself says that it was given. */
function signed(chance: string): string {
  const digest = createHash('sha256').update(`data set deletion ${chance}`).digest('hex');
  return `${chance}${digest.slice(0, 32 - CHANCE_CHARS)}`;
}
