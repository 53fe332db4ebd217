import { StreamError } from '../../runtime/core/index.ts';

/** Where a deployed cluster wants a program that is too large for a request. */
export interface PresignedUpload {
  /** A secret for as long as it is valid. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws {StreamError} `UPLOAD_FAILED` */
export async function putProgram(
  { url, headers }: PresignedUpload,
  body: string | Blob,
  signal?: AbortSignal,
): Promise<void> {
  const ending = signal === undefined ? {} : { signal };
  try {
    const { status } = await fetch(url, { method: 'PUT', headers, body, ...ending });
    if (status === 200) return;
    throw new Error(`status ${status}`);
  } catch (thrown) {
    throw new StreamError({
      kind: 'unavailable',
      code: 'UPLOAD_FAILED',
      message: `the program could not be uploaded: ${(thrown as Error).message}`,
      cause: thrown,
    });
  }
}
