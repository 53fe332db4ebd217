/** Programs over REST: uploaded, listed, planned, run. Flink's "jars" are job modules here. */
import { ConfigOptions } from '../../core/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import {
  badRequest,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
  optionalText,
} from './http-records.ts';
import { uploadedFile } from './multipart.ts';
import type { ProgramContent } from './program-archive.ts';
import { requestedRun } from './program-run.ts';

export const PROGRAM_ROUTES: readonly Route[] = [
  ['GET', '/jars', list],
  ['POST', '/jars/upload', upload],
  ['POST', '/jars/:jarid/run', run],
  ['GET', '/jars/:jarid/plan', plan],
  ['POST', '/jars/:jarid/plan', plan],
  // Not one of Flink's.
  ['POST', '/jars/:jarid/savepoint-check', checkSavepoint],
  ['DELETE', '/jars/:jarid', remove],
  ['POST', '/jobs', submit],
];

async function list({ programs }: ClusterApi): Promise<HttpAnswer> {
  const files = (await programs.list()).map(({ id, name, uploadedAtEpochMs, entries }) => {
    const entry = entries.map((one) => ({ name: one, description: null }));
    return { id, name, uploaded: uploadedAtEpochMs, entry };
  });
  return { status: 200, body: { address: '', files } };
}

/** @throws {HttpRefusal} 404: of a cluster whose programs do not come over REST. */
function checkSubmits({ web }: ClusterApi): void {
  if (web?.submits !== false) return;
  throw new HttpRefusal(404, 'Not found: web.submit.enable is false.');
}

async function upload(api: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  checkSubmits(api);
  const { programs } = api;
  if (request.contentType === 'application/json' && programs.prepareUpload !== undefined) {
    const fileName = optionalText(jsonBody(request), 'fileName') ?? 'job.mjs';
    const { id, url, headers, expiresAtEpochMs } = await programs.prepareUpload(fileName);
    const uploadTo = { method: 'PUT', url, headers, expires: expiresAtEpochMs };
    const body = { filename: id, status: 'success', upload: uploadTo };
    return { status: 200, body, handsOutSecrets: true };
  }
  const { fileName, content } = await fileOf(request);
  const { id } = await programs.add(fileName, content);
  return { status: 200, body: { filename: id, status: 'success' } };
}

async function fileOf({
  contentType,
  contentTypeHeader,
  body,
  query,
  file,
}: HttpRequest): Promise<{ fileName: string; content: ProgramContent }> {
  if (file !== undefined) {
    const { fileName = uploadName(query), path } = file;
    return { fileName, content: { path } };
  }
  if (contentType === 'multipart/form-data') {
    const { fileName, bytes } = await uploadedFile(contentTypeHeader, body);
    return { fileName, content: bytes };
  }
  assertUploadType(contentType);
  return { fileName: uploadName(query), content: body };
}

/** Of a body that is the file. */
function uploadName(query: URLSearchParams): string {
  return query.get('name') ?? 'job.mjs';
}

/** @throws {HttpRefusal} 415, unless a body of this type is a module, or a form with a file. */
export function assertUploadType(contentType: string): void {
  const known = ['application/javascript', 'text/javascript', 'multipart/form-data'];
  if (known.includes(contentType)) return;
  const message = 'The content type must be multipart/form-data or application/javascript.';
  throw new HttpRefusal(415, message);
}

async function remove(
  { programs }: ClusterApi,
  _request: HttpRequest,
  { jarid = '' }: PathParameters,
): Promise<HttpAnswer> {
  await programs.remove(jarid);
  return { status: 200, body: {} };
}

async function run(
  api: ClusterApi,
  request: HttpRequest,
  { jarid = '' }: PathParameters,
): Promise<HttpAnswer> {
  return await start(api, request, jarid);
}

/** The graph of a program that is not run. */
async function plan(
  { programs, newId }: ClusterApi,
  request: HttpRequest,
  { jarid = '' }: PathParameters,
): Promise<HttpAnswer> {
  if (programs.plan === undefined) {
    throw new HttpRefusal(
      501,
      'This cluster plans a program when it runs it: run it, and ask for /jobs/:jobid/plan.',
    );
  }
  const { jobId = newId(), args, configuration } = requestedRun(request);
  checkJobId(jobId);
  const asked = { jobId, args, configuration: configuration.toJSON() };
  return { status: 200, body: { plan: await programs.plan(jarid, asked) } };
}

/** What would become of a savepoint's state under a program. Starts and changes nothing. */
async function checkSavepoint(
  api: ClusterApi,
  request: HttpRequest,
  { jarid = '' }: PathParameters,
): Promise<HttpAnswer> {
  checkSubmits(api);
  const { programs, newId } = api;
  if (programs.checkSavepoint === undefined) {
    throw new HttpRefusal(
      501,
      "This cluster does not check savepoints: 'sluice savepoint check' does, where they are.",
    );
  }
  const { jobId = newId(), args, configuration } = requestedRun(request);
  const path = configuration.get(ConfigOptions.STATE_RECOVERY_PATH);
  if (path === undefined)
    throw badRequest("Field 'savepointPath' must be the path of a savepoint.");
  const allowNonRestoredState = configuration.get(
    ConfigOptions.STATE_RECOVERY_IGNORE_UNCLAIMED_STATE,
  );
  const run = { jobId, args, configuration: configuration.toJSON() };
  const asked = { path, allowNonRestoredState };
  return { status: 200, body: await programs.checkSavepoint(jarid, run, asked) };
}

/** As `run`, with the program in the body. */
async function submit(api: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  if (request.contentType === 'multipart/form-data') {
    throw badRequest(
      'Graphs of the JVM do not run here: bundle a job for this cluster, and run it by ' +
        "'sluice run', or POST /jars/upload and /jars/:jarid/run.",
    );
  }
  const program = optionalText(jsonBody(request), 'program');
  if (program === undefined) throw badRequest("Field 'program' must be the id of an upload.");
  return await start(api, request, program);
}

async function start(api: ClusterApi, request: HttpRequest, id: string): Promise<HttpAnswer> {
  checkSubmits(api);
  const { jobId = api.newId(), args, configuration } = requestedRun(request);
  checkJobId(jobId);
  await api.programs.run(id, { jobId, args, configuration: configuration.toJSON() });
  return { status: 200, body: { jobid: jobId } };
}

function checkJobId(jobId: string): void {
  if (/^[0-9a-f]{32}$/.test(jobId)) return;
  throw badRequest(`Field 'jobId' must be 32 hex digits: ${jobId}`);
}
