/**
 * Puts an upload on the disk as it arrives.
 *
 * I1  No more than the limit is written, and what was written goes with the request that brought
 *     it.
 * I2  A form has one file, and few other parts; what a client calls the file is no path of ours.
 */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BusboyInstance } from '@fastify/busboy';
import { badRequest, HttpRefusal, type ReceivedFile } from '../http/index.ts';

const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 4096;
const MAX_HEADER_BYTES = 8192;
const MAX_NAME_CHARS = 255;

export interface UploadOptions {
  /** With the boundary of a form; another type: the body is the file. */
  readonly contentTypeHeader: string;
  readonly isForm: boolean;
  /** Where the file is written. */
  readonly path: string;
  readonly maxBytes: number;
}

/**
 * @returns the file; who asks deletes it.
 * @throws {HttpRefusal} 400 for what is no form with one file, 413; then there is no file.
 */
export async function receiveUpload(body: Readable, options: UploadOptions): Promise<ReceivedFile> {
  try {
    if (options.isForm) return await receiveForm(body, options);
    await store(bounded(body, options.maxBytes), options.path);
    return { path: options.path };
  } catch (thrown) {
    await rm(options.path, { force: true });
    throw thrown;
  }
}

/** I1: other parts count, too. */
async function* bounded(body: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

async function store(source: AsyncIterable<Buffer>, path: string): Promise<void> {
  await pipeline(source, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}

/** I2. */
async function receiveForm(body: Readable, options: UploadOptions): Promise<ReceivedFile> {
  const { path, maxBytes } = options;
  const form = await parserOf(options.contentTypeHeader, maxBytes);
  const names: string[] = [];
  const stored: Promise<void>[] = [];
  let refusal: HttpRefusal | undefined;
  form.on('file', (_field, stream, fileName) => {
    names.push(String(fileName ?? ''));
    if (names.length > 1) stream.resume();
    else stored.push(store(stream, path));
    stream.on('limit', () => {
      refusal ??= tooLarge(maxBytes);
    });
  });
  form.on('filesLimit', () => {
    refusal ??= badRequest('Exactly 1 file must be sent, received more.');
  });
  for (const limit of ['partsLimit', 'fieldsLimit'] as const) {
    form.on(limit, () => {
      refusal ??= badRequest('The form has too many parts.');
    });
  }
  try {
    await pipeline(bounded(body, maxBytes + MAX_FIELDS * MAX_FIELD_BYTES), form);
    await Promise.all(stored);
  } catch (thrown) {
    await Promise.allSettled(stored);
    if (thrown instanceof HttpRefusal) throw thrown;
    throw refusal ?? badRequest('The body does not read as multipart/form-data.');
  }
  if (refusal !== undefined) throw refusal;
  const [fileName] = names;
  if (fileName === undefined) throw badRequest('Exactly 1 file must be sent, received 0.');
  if (fileName.length > MAX_NAME_CHARS) throw badRequest('The name of the file is too long.');
  return { fileName, path };
}

async function parserOf(contentTypeHeader: string, maxBytes: number): Promise<BusboyInstance> {
  const { Busboy } = await import('@fastify/busboy');
  try {
    return new Busboy({
      headers: { 'content-type': contentTypeHeader },
      isPartAFile: (_field, _type, fileName) => fileName !== undefined,
      limits: {
        ...{ files: 1, fields: MAX_FIELDS, parts: MAX_FIELDS + 1, fileSize: maxBytes },
        ...{ fieldSize: MAX_FIELD_BYTES, headerPairs: MAX_FIELDS, headerSize: MAX_HEADER_BYTES },
      },
    });
  } catch {
    throw badRequest('The body does not read as multipart/form-data.');
  }
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The file is larger than ${maxBytes} bytes.`);
}
