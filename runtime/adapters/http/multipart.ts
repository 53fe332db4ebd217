import { badRequest } from './http-records.ts';

export interface UploadedFile {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

/**
 * The one file of a `multipart/form-data` body.
 *
 * @param contentTypeHeader with the boundary.
 * @throws {HttpRefusal} 400, when there is not exactly one file.
 */
export async function uploadedFile(
  contentTypeHeader: string,
  body: Uint8Array,
): Promise<UploadedFile> {
  const files: UploadedFile[] = [];
  try {
    const bytes = new Uint8Array(body);
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: { 'content-type': contentTypeHeader },
      body: bytes,
    });
    for (const [, value] of await request.formData()) {
      if (typeof value === 'string') continue;
      files.push({ fileName: value.name, bytes: new Uint8Array(await value.arrayBuffer()) });
    }
  } catch {
    throw badRequest('The body does not read as multipart/form-data.');
  }
  const [file] = files;
  if (file !== undefined && files.length === 1) return file;
  throw badRequest(`Exactly 1 file must be sent, received ${files.length}.`);
}
