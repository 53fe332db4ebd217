/** A blob and its size. */
export interface BlobInfo {
  readonly location: string;
  readonly sizeBytes: number;
}

/**
 * Port: immutable objects by location. A location is a path (`/data/job/shared/x.seg`) or, in
 * other adapters, a URI (`s3://bucket/key`); `/` separates, and `dir + '/' + name` is one again.
 *
 * Needs: a blob is seen whole or not at all; a `get` or `list` that begins after a `put` settled
 * sees it. A `put` that failed may have happened.
 */
export interface BlobStore {
  /**
   * Bytes below this size are better kept inside the record that would name the blob.
   *
   * @defaultValue 20 KB: a blob costs a request and a row
   */
  readonly inlineLimitBytes?: number;
  /**
   * Where a segment of this size is to be put: `location`, or one beside it whose name says that
   * it lies in another of several stores. Without, `location`.
   */
  place?(location: string, sizeBytes: number): string;
  /**
   * Creates the blob, durably.
   *
   * @throws {StreamError} `BLOB_EXISTS`, kind `conflict`, when the location is taken;
   * `BLOB_NOT_WRITABLE`.
   */
  put(location: string, bytes: Uint8Array): Promise<void>;
  /**
   * @param range undefined: all of it.
   * @throws {StreamError} `BLOB_NOT_FOUND`, kind `data`; `BLOB_NOT_READABLE`.
   */
  get(location: string, range?: BlobRange): Promise<Uint8Array>;
  /** Blobs whose location starts with `directory + '/'`, at any depth, sorted by location. */
  list(directory: string): Promise<readonly BlobInfo[]>;
  /** Idempotent. */
  delete(location: string): Promise<void>;
  /**
   * Many at a time, where that takes fewer requests.
   *
   * @returns those that could not be deleted; it does not throw.
   */
  deleteMany?(locations: readonly string[]): Promise<readonly string[]>;
}

/** A piece of a blob; reading beyond its end gives fewer bytes. */
export interface BlobRange {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}
