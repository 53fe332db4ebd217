/** What the master of a job in BATCH does about what is stored between its stages. */
import type { FileSystem, StreamErrorRecord } from '../core/index.ts';
import type { ExecutionGraph } from '../graph/index.ts';
import type { ResultPlace } from '../protocol/index.ts';
import type { DeployedRegions } from './deployed-regions.ts';

/** Where it is stored, and how all of it is deleted. */
export interface ResultStorage {
  readonly directory: string;
  /** When nobody reads or writes there any more. */
  readonly clear: () => Promise<void>;
}

/** Where a region finds what it reads, and stores what others will. */
export function resultPlace(
  { directory }: ResultStorage,
  inputs: readonly number[],
  regions: Pick<DeployedRegions, 'get'>,
): ResultPlace {
  const attempts: Record<number, number> = {};
  for (const input of inputs) {
    const attempt = regions.get(input)?.attempt;
    if (attempt !== undefined) attempts[input] = attempt;
  }
  return { directory, attempts };
}

/** The regions whose results a task could not read. */
export function unreadableRegions(
  { regions, vertices }: ExecutionGraph,
  { code, details }: StreamErrorRecord,
): readonly number[] {
  if (code !== 'RESULT_UNREADABLE') return [];
  const { vertexId, subtaskIndex } = details ?? {};
  const vertex = vertices.find((one) => one.vertexId === vertexId);
  const slotIndex = vertex?.subtasks[Number(subtaskIndex)]?.slotIndex ?? -1;
  return regions.flatMap(({ slots }, at) => (slots.includes(slotIndex) ? [at] : []));
}

/** Deletes what is there, through the port that it was written by. */
export async function removeFiles(fileSystem: FileSystem, directory: string): Promise<void> {
  const files = await fileSystem.list(directory).catch(() => []);
  for (const { path } of files) await fileSystem.remove(path);
}
