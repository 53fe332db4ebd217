/**
 * S3 for tests, by path: objects created on a condition, ranges, pages, parts; checks the checksums
 * it is given.
 */
import { crc32 } from 'node:zlib';
import type { FakeRequest, FakeResponse, FakeService } from './fake-aws.conformance.ts';

interface StoredObject {
  readonly bytes: Buffer;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Upload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

const METADATA = 'x-amz-meta-';

export class FakeS3 implements FakeService {
  readonly throttling = [503, 'SlowDown'] as const;
  /** Keys in a page of a listing. */
  pageKeys = 1000;
  readonly #buckets: ReadonlyMap<string, Map<string, StoredObject>>;
  readonly #uploads = new Map<string, Upload>();
  #nextUpload = 1;

  constructor(...buckets: readonly string[]) {
    this.#buckets = new Map(buckets.map((bucket) => [bucket, new Map<string, StoredObject>()]));
  }

  /** Uploads that were neither completed nor aborted. */
  get openUploads(): number {
    return this.#uploads.size;
  }

  keys(bucket: string): readonly string[] {
    return [...(this.#buckets.get(bucket)?.keys() ?? [])].sort();
  }

  /** As somebody else would. */
  remove(bucket: string, key: string): void {
    this.#buckets.get(bucket)?.delete(key);
  }

  operationOf({ method, path, query, headers }: FakeRequest): string | undefined {
    if ('x-amz-target' in headers) return undefined;
    const hasKey = /^\/[^/]+\/./.test(path);
    if (method === 'POST' && 'delete' in query) return 'DeleteObjects';
    if (method === 'POST') return 'uploads' in query ? 'CreateUpload' : 'CompleteUpload';
    if (method === 'PUT' && 'partNumber' in query) return 'UploadPart';
    if (method === 'PUT') return 'x-amz-copy-source' in headers ? 'CopyObject' : 'PutObject';
    if (method === 'DELETE') return 'uploadId' in query ? 'AbortUpload' : 'DeleteObject';
    if (method === 'HEAD') return 'HeadObject';
    return hasKey ? 'GetObject' : 'ListObjects';
  }

  answer(request: FakeRequest): FakeResponse {
    const [, bucketName = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(request.path) ?? [];
    const bucket = this.#buckets.get(bucketName);
    if (bucket === undefined) return this.refusal(404, 'NoSuchBucket', bucketName);
    const fault = checksumFault(request);
    if (fault !== undefined) return this.refusal(400, 'BadDigest', fault);
    switch (this.operationOf(request)) {
      case 'PutObject':
        return this.#create(bucket, key, request, metadataOf(request), request.body);
      case 'CopyObject':
        return this.#copy(bucket, key, request);
      case 'GetObject':
        return this.#get(bucket.get(key), request);
      case 'HeadObject':
        return head(bucket.get(key));
      case 'ListObjects':
        return this.#list(bucket, request);
      case 'DeleteObject':
        bucket.delete(key);
        return { status: 204 };
      case 'DeleteObjects':
        for (const name of textsOf(request.body.toString(), 'Key')) bucket.delete(name);
        return xml('<DeleteResult/>');
      default:
        return this.#multipart(bucket, key, request);
    }
  }

  refusal(status: number, code: string, message: string): FakeResponse {
    return { ...xml(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`), status };
  }

  #create(
    bucket: Map<string, StoredObject>,
    key: string,
    { headers }: FakeRequest,
    metadata: StoredObject['metadata'],
    bytes: Buffer,
  ): FakeResponse {
    if (headers['if-none-match'] === '*' && bucket.has(key)) {
      return this.refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions failed');
    }
    bucket.set(key, { bytes: Buffer.from(bytes), metadata });
    return { status: 200, headers: { etag: etagOf(bytes) } };
  }

  #copy(bucket: Map<string, StoredObject>, key: string, request: FakeRequest): FakeResponse {
    const { headers } = request;
    const found = this.#sourceOf(headers);
    if (found === undefined) return this.refusal(404, 'NoSuchKey', 'no such key');
    const created = this.#create(bucket, key, request, metadataOf(request), found.bytes);
    if (created.status !== 200) return created;
    return xml('<CopyObjectResult><ETag>"c"</ETag></CopyObjectResult>');
  }

  #sourceOf(headers: FakeRequest['headers']): StoredObject | undefined {
    const source = decodeURIComponent(headers['x-amz-copy-source'] ?? '');
    const [, from = '', name = ''] = /^\/?([^/]+)\/(.*)$/s.exec(source) ?? [];
    return this.#buckets.get(from)?.get(name);
  }

  #get(found: StoredObject | undefined, { headers }: FakeRequest): FakeResponse {
    if (found === undefined) return this.refusal(404, 'NoSuchKey', 'no such key');
    if ((headers['if-match'] ?? etagOf(found.bytes)) !== etagOf(found.bytes)) {
      return this.refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions failed');
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    if (range === null) return { status: 200, body: found.bytes };
    const [start, end] = [Number(range[1]), Number(range[2])];
    if (start >= found.bytes.length) return this.refusal(416, 'InvalidRange', 'no such range');
    return { status: 206, body: found.bytes.subarray(start, end + 1) };
  }

  #list(bucket: Map<string, StoredObject>, { query }: FakeRequest): FakeResponse {
    const prefix = String(query.prefix ?? '');
    const after = String(query['continuation-token'] ?? '');
    const found = [...bucket.keys()].sort().filter((key) => key.startsWith(prefix) && key > after);
    const page = found.slice(0, Number(query['max-keys'] ?? this.pageKeys));
    const delimiter = String(query.delimiter ?? '');
    const prefixOf = (key: string): string | undefined => {
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      return end < 0 ? undefined : key.slice(0, end + 1);
    };
    const prefixes = [...new Set(page.map(prefixOf).filter((found) => found !== undefined))].map(
      (common) => `<CommonPrefixes><Prefix>${escaped(common)}</Prefix></CommonPrefixes>`,
    );
    const own = page.filter((key) => prefixOf(key) === undefined);
    const contents = own.map((key) => {
      const sizeBytes = bucket.get(key)?.bytes.length;
      return `<Contents><Key>${escaped(key)}</Key><Size>${sizeBytes}</Size></Contents>`;
    });
    const isCut = found.length > page.length;
    const next = isCut
      ? `<NextContinuationToken>${escaped(page.at(-1) ?? '')}</NextContinuationToken>`
      : '';
    return xml(
      `<ListBucketResult><IsTruncated>${isCut}</IsTruncated>${contents.join('')}${prefixes.join('')}${next}</ListBucketResult>`,
    );
  }

  #partOf({ headers, body }: FakeRequest): Uint8Array {
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers['x-amz-copy-source-range'] ?? '');
    if (range === null) return body;
    const source = this.#sourceOf(headers)?.bytes ?? Buffer.of();
    return source.subarray(Number(range[1]), Number(range[2]) + 1);
  }

  #multipart(bucket: Map<string, StoredObject>, key: string, request: FakeRequest): FakeResponse {
    const operation = this.operationOf(request);
    if (operation === 'CreateUpload') {
      const id = `u${this.#nextUpload++}`;
      this.#uploads.set(id, { metadata: metadataOf(request), parts: new Map() });
      return xml(`<R><UploadId>${id}</UploadId></R>`);
    }
    const id = String(request.query.uploadId);
    const upload = this.#uploads.get(id);
    if (operation === 'AbortUpload') {
      this.#uploads.delete(id);
      return { status: 204 };
    }
    if (upload === undefined) return this.refusal(404, 'NoSuchUpload', 'no such upload');
    if (operation === 'UploadPart') {
      const number = Number(request.query.partNumber);
      upload.parts.set(number, Buffer.from(this.#partOf(request)));
      const copied = xml(`<CopyPartResult><ETag>"p${number}"</ETag></CopyPartResult>`);
      return 'x-amz-copy-source' in request.headers
        ? copied
        : { status: 200, headers: { etag: `"p${number}"` } };
    }
    const numbers = textsOf(request.body.toString(), 'PartNumber').map(Number);
    const bytes = Buffer.concat(numbers.map((number) => upload.parts.get(number) ?? Buffer.of()));
    const created = this.#create(bucket, key, request, upload.metadata, bytes);
    if (created.status !== 200) return created;
    this.#uploads.delete(id);
    return xml('<CompleteMultipartUploadResult><ETag>"m"</ETag></CompleteMultipartUploadResult>');
  }
}

function etagOf(bytes: Uint8Array): string {
  return `"${crc32(bytes)}"`;
}

function head(found: StoredObject | undefined): FakeResponse {
  // An answer to HEAD has no body, and so no code.
  if (found === undefined) return { status: 404 };
  return {
    status: 200,
    headers: {
      ...{ ...found.metadata, etag: etagOf(found.bytes) },
      'content-length': String(found.bytes.length),
    },
  };
}

function metadataOf({ headers }: FakeRequest): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith(METADATA)));
}

function checksumFault({ headers, body }: FakeRequest): string | undefined {
  const given = headers['x-amz-checksum-crc32'];
  if (given === undefined) return undefined;
  const expected = Buffer.alloc(4);
  expected.writeUInt32BE(crc32(body));
  return expected.toString('base64') === given ? undefined : 'the checksum does not fit';
}

function textsOf(body: string, tag: string): string[] {
  const found = body.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'));
  return [...found].map(([, text = '']) =>
    text
      .replace(/&#x([0-9a-f]+);/gi, (_, digits: string) =>
        String.fromCodePoint(parseInt(digits, 16)),
      )
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&amp;/g, '&'),
  );
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function xml(body: string): FakeResponse {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: head + body };
}
