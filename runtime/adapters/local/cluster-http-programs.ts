/** Programs over REST: uploaded, listed, run. Flink's "jars" are bundled job modules here. */
import { ConfigOptions, Configuration, type ConfigValue } from '../../core/index.ts';
import type { ClusterApi, PathParameters, Route } from './cluster-http-api.ts';
import { uploadedFile } from './cluster-http-multipart.ts';
import {
  badRequest,
  flagOf,
  type HttpAnswer,
  HttpRefusal,
  type HttpRequest,
  jsonBody,
  optionalCount,
  optionalText,
} from './cluster-http-records.ts';

type Body = Readonly<Record<string, unknown>>;

export const PROGRAM_ROUTES: readonly Route[] = [
  ['GET', '/jars', list],
  ['POST', '/jars/upload', upload],
  ['POST', '/jars/:jarid/run', run],
  ['DELETE', '/jars/:jarid', remove],
];

function list({ jars }: ClusterApi): HttpAnswer {
  const files = jars.list().map(({ id, name, uploadedAtEpochMs }) => {
    return { id, name, uploaded: uploadedAtEpochMs, entry: [] };
  });
  return { status: 200, body: { address: '', files } };
}

async function upload({ jars, clock }: ClusterApi, request: HttpRequest): Promise<HttpAnswer> {
  const { contentType, contentTypeHeader, body, query } = request;
  const file =
    contentType === 'multipart/form-data'
      ? await uploadedFile(contentTypeHeader, body)
      : plainFile(contentType, body, query.get('name') ?? 'job.mjs');
  if (file.bytes.length === 0) throw badRequest('The program is empty.');
  const { id } = jars.add(file.fileName, file.bytes, clock.nowEpochMs());
  return { status: 200, body: { filename: id, status: 'success' } };
}

function plainFile(contentType: string, bytes: Uint8Array, fileName: string) {
  if (contentType === 'application/javascript' || contentType === 'text/javascript') {
    return { fileName, bytes };
  }
  const message = 'The content type must be multipart/form-data or application/javascript.';
  throw new HttpRefusal(415, message);
}

function remove(
  { jars }: ClusterApi,
  _request: HttpRequest,
  { jarid = '' }: PathParameters,
): HttpAnswer {
  jars.remove(jarid);
  return { status: 200, body: {} };
}

async function run(
  { jars, dispatcher, newId }: ClusterApi,
  request: HttpRequest,
  { jarid = '' }: PathParameters,
): Promise<HttpAnswer> {
  const body = jsonBody(request);
  const jobId = optionalText(body, 'jobId') ?? newId();
  if (!/^[0-9a-f]{32}$/.test(jobId)) {
    throw badRequest(`Field 'jobId' must be 32 hex digits: ${jobId}`);
  }
  const { bundle } = jars.get(jarid);
  const args = argumentsOf(body);
  const configuration = configurationOf(body).toJSON();
  await dispatcher.submit({ jobId, bundle, args, configuration });
  return { status: 200, body: { jobid: jobId } };
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
