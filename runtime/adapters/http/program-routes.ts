/** Programs over REST: uploaded, listed, run. Flink's "jars" are bundled job modules here. */
import { createHash } from 'node:crypto';
import { ConfigOptions, Configuration, type ConfigValue } from '../../core/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-api.ts';
import {
  badRequest,
  flagOf,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
  optionalCount,
  optionalText,
} from './http-records.ts';
import { uploadedFile } from './multipart.ts';

type Body = Readonly<Record<string, unknown>>;

export const PROGRAM_ROUTES: readonly Route[] = [
  ['GET', '/jars', list],
  ['POST', '/jars/upload', upload],
  ['POST', '/jars/:jarid/run', run],
  ['DELETE', '/jars/:jarid', remove],
  ['POST', '/jobs', submit],
];

async function list({ programs }: ClusterApi): Promise<HttpAnswer> {
  const files = (await programs.list()).map(({ id, name, uploadedAtEpochMs }) => {
    return { id, name, uploaded: uploadedAtEpochMs, entry: [] };
  });
  return { status: 200, body: { address: '', files } };
}

async function upload({ programs }: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  const { contentType, contentTypeHeader, body, query } = request;
  if (contentType === 'application/json' && programs.prepareUpload !== undefined) {
    const fileName = optionalText(jsonBody(request), 'fileName') ?? 'job.mjs';
    const { id, url, headers, expiresAtEpochMs } = await programs.prepareUpload(fileName);
    const uploadTo = { method: 'PUT', url, headers, expires: expiresAtEpochMs };
    return { status: 200, body: { filename: id, status: 'success', upload: uploadTo } };
  }
  const file =
    contentType === 'multipart/form-data'
      ? await uploadedFile(contentTypeHeader, body)
      : plainFile(contentType, body, query.get('name') ?? 'job.mjs');
  if (file.bytes.length === 0) throw badRequest('The program is empty.');
  const { id } = await programs.add(file.fileName, file.bytes);
  return { status: 200, body: { filename: id, status: 'success' } };
}

function plainFile(contentType: string, bytes: Uint8Array, fileName: string) {
  if (contentType === 'application/javascript' || contentType === 'text/javascript') {
    return { fileName, bytes };
  }
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

/** As `run`, with the program in the body. */
async function submit(api: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  const program = optionalText(jsonBody(request), 'program');
  if (program === undefined) throw badRequest("Field 'program' must be the id of an upload.");
  return await start(api, request, program);
}

async function start(api: ClusterApi, request: HttpRequest, id: string): Promise<HttpAnswer> {
  const body = jsonBody(request);
  const jobId = jobIdOf(body, request.idempotencyKey) ?? api.newId();
  if (!/^[0-9a-f]{32}$/.test(jobId)) {
    throw badRequest(`Field 'jobId' must be 32 hex digits: ${jobId}`);
  }
  const args = argumentsOf(body);
  const configuration = configurationOf(body).toJSON();
  await api.programs.run(id, { jobId, args, configuration });
  return { status: 200, body: { jobid: jobId } };
}

/** A submission that is sent again with its key is the same job. */
function jobIdOf(body: Body, header: string | undefined): string | undefined {
  const key = optionalText(body, 'idempotencyKey') ?? header;
  const jobId = optionalText(body, 'jobId');
  if (jobId !== undefined || key === undefined) return jobId;
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

function argumentsOf(body: Body): readonly string[] {
  const { programArgsList = [] } = body;
  if (!Array.isArray(programArgsList) || programArgsList.some((arg) => typeof arg !== 'string')) {
    throw badRequest("Field 'programArgsList' must be a list of texts.");
  }
  return programArgsList as readonly string[];
}

/** `flinkConfiguration`, then the fields with a name of their own. */
function configurationOf(body: Body): Configuration {
  const { flinkConfiguration } = body;
  const isMap =
    flinkConfiguration === undefined ||
    (typeof flinkConfiguration === 'object' && !Array.isArray(flinkConfiguration));
  if (!isMap) throw badRequest("Field 'flinkConfiguration' must be a map of options.");
  const options = (flinkConfiguration ?? {}) as Readonly<Record<string, ConfigValue>>;
  let configuration = Configuration.fromRecord(options, 'flinkConfiguration');
  const parallelism = optionalCount(body, 'parallelism');
  const path = optionalText(body, 'savepointPath');
  const mode = (
    optionalText(body, 'claimMode') ?? optionalText(body, 'restoreMode')
  )?.toUpperCase();
  if (parallelism !== undefined) {
    configuration = configuration.with(ConfigOptions.DEFAULT_PARALLELISM, parallelism);
  }
  if (path !== undefined) {
    configuration = configuration.with(ConfigOptions.STATE_RECOVERY_PATH, path, 'savepointPath');
  }
  if (flagOf(body, 'allowNonRestoredState')) {
    const option = ConfigOptions.STATE_RECOVERY_IGNORE_UNCLAIMED_STATE;
    configuration = configuration.with(option, true);
  }
  if (mode === undefined) return configuration;
  if (mode === 'CLAIM' || mode === 'NO_CLAIM') {
    return configuration.with(ConfigOptions.STATE_RECOVERY_CLAIM_MODE, mode);
  }
  throw badRequest(`Field 'claimMode' must be CLAIM or NO_CLAIM: ${mode}`);
}
