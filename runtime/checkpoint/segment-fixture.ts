/** What tests of segments share: a blob store in memory, and a table. */
import type { EncodedKey } from '../core/index.ts';
import { StreamError } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type { EntryVisitor, SnapshotTable } from '../state/index.ts';
import type { BlobRange, BlobStore } from './blob-store.ts';

/** Blobs in a map, which tests may change behind the store's back. */
export class FixtureBlobs implements BlobStore {
  readonly blobs = new Map<string, Uint8Array>();
  /** A `put` of a location with this in it fails. */
  failing: string | undefined;

  async put(location: string, bytes: Uint8Array): Promise<void> {
    if (this.failing !== undefined && location.includes(this.failing)) {
      const message = 'disk full';
      throw new StreamError({ kind: 'unavailable', code: 'BLOB_NOT_WRITABLE', message });
    }
    const taken = { kind: 'conflict', code: 'BLOB_EXISTS', message: location } as const;
    if (this.blobs.has(location)) throw new StreamError(taken);
    this.blobs.set(location, new Uint8Array(bytes));
  }

  async get(location: string, range?: BlobRange): Promise<Uint8Array> {
    const bytes = this.blobs.get(location);
    const missing = { kind: 'data', code: 'BLOB_NOT_FOUND', message: location } as const;
    if (bytes === undefined) throw new StreamError(missing);
    if (range === undefined) return bytes;
    return bytes.subarray(range.offsetBytes, range.offsetBytes + range.sizeBytes);
  }

  async list(): Promise<readonly []> {
    return [];
  }

  async delete(location: string): Promise<void> {
    this.blobs.delete(location);
  }
}

export interface FixtureEntry {
  readonly key: EncodedKey;
  readonly subKey: EncodedKey | undefined;
  readonly value: unknown;
}

/** The simplest table: entries by key and sub key, and the changes since the last visit. */
export class FixtureTable implements SnapshotTable {
  readonly meta: KeyedStateMetaRecord;
  readonly entries = new Map<string, FixtureEntry>();
  readonly #changed = new Map<string, Omit<FixtureEntry, 'value'>>();

  constructor(name: string, kind = 'value') {
    this.meta = { name, kind, version: 1 };
  }

  get size(): number {
    return this.entries.size;
  }

  get changeCount(): number {
    return this.#changed.size;
  }

  set(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    this.#changed.set(idOf(key, subKey), { key, subKey });
    this.restorePut(key, subKey, value);
  }

  delete(key: EncodedKey, subKey: EncodedKey | undefined): void {
    if (!this.entries.has(idOf(key, subKey))) return;
    this.#changed.set(idOf(key, subKey), { key, subKey });
    this.restoreRemove(key, subKey);
  }

  visitAll(visitor: EntryVisitor): void {
    for (const { key, subKey, value } of this.entries.values()) visitor.put(key, subKey, value);
    this.#changed.clear();
  }

  visitChanges(visitor: EntryVisitor): void {
    for (const [id, { key, subKey }] of this.#changed) {
      const entry = this.entries.get(id);
      if (entry === undefined) visitor.remove(key, subKey);
      else visitor.put(key, subKey, entry.value);
    }
    this.#changed.clear();
  }

  dropAll(): void {
    this.entries.clear();
    this.#changed.clear();
  }

  restorePut(key: EncodedKey, subKey: EncodedKey | undefined, value: unknown): void {
    this.entries.set(idOf(key, subKey), { key, subKey, value });
  }

  restoreRemove(key: EncodedKey, subKey: EncodedKey | undefined): void {
    this.entries.delete(idOf(key, subKey));
  }
}

function idOf(key: EncodedKey, subKey: EncodedKey | undefined): string {
  return [typeof key, String(key), typeof subKey, String(subKey)].join('|');
}
