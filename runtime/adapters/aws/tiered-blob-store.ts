/**
 * State where it costs least: small segments of checkpoints in DynamoDB, everything else in S3.
 *
 * - I1: a location says where its blob lies, by its name's end: `.row` for DynamoDB. So reading
 *   asks one service, once.
 * - I2: only segments in a job's `shared` directory go to DynamoDB. Manifests, claims and programs
 *   lie in S3, and a savepoint wholly so: it can be copied and moved.
 * - I3: a listing has the blobs of both.
 */
import {
  type BlobInfo,
  type BlobRange,
  type BlobStore,
  isRowSegment,
  isSharedSegment,
  rowSegmentLocation,
} from '../../checkpoint/index.ts';
import type { DynamoBlobStore } from './dynamo-blob-store.ts';
import { US_EAST_1_PRICES } from './prices.ts';
import type { S3BlobStore } from './s3-blob-store.ts';
import { tierThresholdBytes } from './segment-tier.ts';

export interface TieredBlobStoreParts {
  readonly items: DynamoBlobStore;
  readonly objects: S3BlobStore;
  /**
   * The largest segment that goes to DynamoDB; 0: none.
   *
   * @defaultValue what `tierThresholdBytes` makes of the prices: 3,776 bytes
   */
  readonly thresholdBytes?: number;
  /**
   * Bytes below this size stay inside the acknowledgement and the manifest.
   *
   * @defaultValue 1 KiB: an item of one write unit. Larger ones would be sent, and stored by the
   * coordinator, with every checkpoint that still refers to them.
   */
  readonly inlineLimitBytes?: number;
}

const INLINE_LIMIT_BYTES = 1024;

export class TieredBlobStore implements BlobStore {
  readonly inlineLimitBytes: number;
  readonly thresholdBytes: number;
  readonly #items: DynamoBlobStore;
  readonly #objects: S3BlobStore;

  constructor({ items, objects, thresholdBytes, inlineLimitBytes }: TieredBlobStoreParts) {
    this.#items = items;
    this.#objects = objects;
    this.inlineLimitBytes = inlineLimitBytes ?? INLINE_LIMIT_BYTES;
    this.thresholdBytes = thresholdBytes ?? tierThresholdBytes(US_EAST_1_PRICES);
  }

  place(location: string, sizeBytes: number): string {
    const isSmall = sizeBytes <= this.thresholdBytes;
    const isShared = isSharedSegment(location) && this.#items.covers(location);
    return isSmall && isShared ? rowSegmentLocation(location) : location;
  }

  put(location: string, bytes: Uint8Array): Promise<void> {
    return this.#tier(location).put(location, bytes);
  }

  get(location: string, range?: BlobRange): Promise<Uint8Array> {
    return this.#tier(location).get(location, range);
  }

  async list(directory: string): Promise<readonly BlobInfo[]> {
    const [items, objects] = await Promise.all([
      this.#items.list(directory),
      this.#objects.list(directory),
    ]);
    return [...items, ...objects].sort((a, b) => (a.location < b.location ? -1 : 1));
  }

  delete(location: string): Promise<void> {
    return this.#tier(location).delete(location);
  }

  async deleteMany(locations: readonly string[]): Promise<readonly string[]> {
    const items = locations.filter((location) => this.#tier(location) === this.#items);
    const objects = locations.filter((location) => this.#tier(location) === this.#objects);
    const failed = await Promise.all([
      this.#items.deleteMany(items),
      this.#objects.deleteMany(objects),
    ]);
    return failed.flat();
  }

  #tier(location: string): DynamoBlobStore | S3BlobStore {
    return isRowSegment(location) && this.#items.covers(location) ? this.#items : this.#objects;
  }
}
