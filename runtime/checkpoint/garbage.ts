/**
 * Which blobs of a job's checkpoints nobody needs any more.
 *
 * - I1: what a live manifest refers to, and the manifest, is kept.
 * - I2: a segment goes only when it cannot be referred to any more. Checkpoints are made from the
 *   segments of the newest completed one and from those written since by attempts in use; so it
 *   was written by an attempt no longer in use, or for a checkpoint not newer than the newest
 *   completed one.
 * - I3: only names that `paths.ts` builds, at the places it builds them, are considered.
 */
import type { BlobInfo } from './blob-store.ts';
import {
  METADATA_NAME,
  nameOf,
  parentOf,
  parseCheckpointDirectory,
  parseSegmentLocation,
} from './paths.ts';

/** A manifest that must stay restorable. */
export interface LiveManifest {
  readonly location: string;
  readonly checkpointId: number;
  /** Absolute locations of its blobs. */
  readonly references: ReadonlySet<string>;
}

export interface GarbageFacts {
  /** Directory of the job. */
  readonly root: string;
  /** All below the root, listed before the live manifests were read. */
  readonly blobs: readonly BlobInfo[];
  readonly liveManifests: readonly LiveManifest[];
  /** 0: none has completed. */
  readonly newestCompletedId: number;
  /** Checkpoints that may yet complete. */
  readonly pendingIds: readonly number[];
  /** Attempts of tasks that run or are about to; none: the job is over and none will come. */
  readonly attemptsInUse: readonly number[];
}

/** Locations to delete. */
export function decideGarbage(facts: GarbageFacts): readonly string[] {
  const kept = new Set<string>();
  for (const { location, references } of facts.liveManifests) {
    kept.add(location);
    for (const reference of references) kept.add(reference);
  }
  return facts.blobs
    .map(({ location }) => location)
    .filter((location) => !kept.has(location))
    .filter((location) => isDeadSegment(location, facts) || isDeadManifest(location, facts));
}

function isDeadSegment(location: string, facts: GarbageFacts): boolean {
  const { attemptsInUse, newestCompletedId, pendingIds } = facts;
  if (parentOf(location) !== `${facts.root}/shared`) return false;
  const name = parseSegmentLocation(location);
  if (name === undefined) return false;
  if (attemptsInUse.length === 0) return true;
  if (!attemptsInUse.includes(name.attempt)) return name.attempt < Math.max(...attemptsInUse);
  return name.checkpointId <= newestCompletedId && !pendingIds.includes(name.checkpointId);
}

function isDeadManifest(location: string, facts: GarbageFacts): boolean {
  const directory = parentOf(location);
  if (nameOf(location) !== METADATA_NAME || parentOf(directory) !== facts.root) return false;
  const checkpointId = parseCheckpointDirectory(directory);
  if (checkpointId === undefined) return false;
  if (facts.attemptsInUse.length === 0) return true;
  return checkpointId < facts.newestCompletedId && !facts.pendingIds.includes(checkpointId);
}
