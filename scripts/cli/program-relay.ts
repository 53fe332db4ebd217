/**
 * Takes a program from a browser for a deployed cluster, whose requests are too small for it, and
 * puts it where the cluster says: the browser talks to its own site only, whose policy knows no
 * other.
 *
 * I1  What arrives lies on the disk until it is sent, and goes with the request that brought it.
 * I2  It is looked at as a cluster looks at an upload, before anything of it is sent: nobody does
 *     on the other side before it runs.
 */
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  assertUploadType,
  HttpRefusal,
  readProgram,
  receiveUpload,
} from '../../runtime/adapters/index.ts';
import { MAX_BUNDLE_BYTES } from '../../runtime/core/index.ts';
import { type PresignedUpload, putProgram } from './presigned-upload.ts';

/** What a cluster answers to who asks where to put a program. */
export interface PreparedUpload {
  readonly filename: string;
  readonly upload?: PresignedUpload;
}

/** A function takes 6 MB: a form counts as base64, a module as JSON escapes it. */
const MAX_SENT_BYTES = 2_500_000;

/** Whether a request to a deployed cluster has to go by way of {@link relayProgram}. */
export function isLargeProgram({ method, headers }: IncomingMessage, path: string): boolean {
  if (method !== 'POST' || !/^(\/v1)?\/jars\/upload$/.test(path)) return false;
  // Asks where to put one.
  if (headers['content-type']?.startsWith('application/json')) return false;
  const sizeBytes = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return sizeBytes > MAX_SENT_BYTES;
}

/**
 * @param prepare asks the cluster where to put it.
 * @returns the program's id.
 * @throws {HttpRefusal} 400, 413, 415: what is wrong with it.
 * @throws {StreamError} `UPLOAD_FAILED`; as `prepare`.
 */
export async function relayProgram(
  asked: IncomingMessage,
  answering: ServerResponse,
  prepare: (fileName: string) => Promise<PreparedUpload>,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-upload-'));
  const leaving = new AbortController();
  answering.once('close', () => leaving.abort());
  try {
    const { fileName, path } = await receive(asked, join(directory, 'program'));
    // I2.
    await readProgram(fileName, { path }, MAX_BUNDLE_BYTES);
    const { filename, upload } = await prepare(fileName);
    if (upload === undefined) {
      throw new HttpRefusal(502, 'The cluster does not say where to put a program this large.');
    }
    await putProgram(upload, await openAsBlob(path), leaving.signal);
    return filename;
  } finally {
    // I1.
    await rm(directory, { recursive: true, force: true });
  }
}

async function receive(
  asked: IncomingMessage,
  path: string,
): Promise<{ readonly fileName: string; readonly path: string }> {
  const contentTypeHeader = asked.headers['content-type'] ?? '';
  const contentType = (contentTypeHeader.split(';')[0] ?? '').trim().toLowerCase();
  assertUploadType(contentType);
  const isForm = contentType === 'multipart/form-data';
  const options = { contentTypeHeader, isForm, path, maxBytes: MAX_BUNDLE_BYTES };
  const named = URL.parse(asked.url ?? '', 'http://localhost')?.searchParams.get('name');
  const { fileName = named ?? 'job.mjs' } = await receiveUpload(asked, options);
  return { fileName, path };
}
