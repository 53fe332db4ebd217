import type { BytesRecord, SubtaskStateRecord } from '../protocol/index.ts';
import type { CheckpointManifest } from './manifest-record.ts';
import type { BlobBytes } from './manifest-shape.ts';

/** Below the root: relative to it; elsewhere as it is. */
export function relativeTo(root: string, location: string): string {
  return location.startsWith(`${root}/`) ? location.slice(root.length + 1) : location;
}

/** Undoes {@link relativeTo}, wherever the root has moved to. */
export function resolveLocation(root: string, location: string): string {
  return isAbsolute(location) ? location : `${root}/${location}`;
}

export function isAbsolute(location: string): boolean {
  return location.startsWith('/') || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(location);
}

/** The manifest with every blob's location changed. */
export function mapLocations(
  manifest: CheckpointManifest,
  map: (location: string) => string,
): CheckpointManifest {
  const mapped = (bytes: BytesRecord): BytesRecord =>
    'location' in bytes ? { ...bytes, location: map(bytes.location) } : bytes;
  const withBytes = <T extends { readonly bytes: BytesRecord }>(records: readonly T[]): T[] =>
    records.map((record) => ({ ...record, bytes: mapped(record.bytes) }));
  const mapSubtask = (subtask: SubtaskStateRecord): SubtaskStateRecord => ({
    ...subtask,
    operators: subtask.operators.map((operator) => ({
      ...operator,
      keyedSegments: withBytes(operator.keyedSegments),
      operatorStates: withBytes(operator.operatorStates),
    })),
    channels: withBytes(subtask.channels),
  });
  const vertices = manifest.vertices.map((vertex) => ({
    ...vertex,
    subtasks: vertex.subtasks.map(mapSubtask),
  }));
  return { ...manifest, vertices };
}

/** Every blob a manifest refers to, once, by location. */
export function manifestBlobs(manifest: CheckpointManifest): ReadonlyMap<string, BlobBytes> {
  const blobs = new Map<string, BlobBytes>();
  for (const { subtasks } of manifest.vertices) {
    for (const { operators, channels } of subtasks) {
      const holders = [
        ...operators.flatMap(({ keyedSegments }) => keyedSegments),
        ...operators.flatMap(({ operatorStates }) => operatorStates),
        ...channels,
      ];
      for (const { bytes } of holders) if ('location' in bytes) blobs.set(bytes.location, bytes);
    }
  }
  return blobs;
}
