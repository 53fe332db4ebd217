import { SPLIT_COUNT } from '../../examples/state-machine/index.ts';
import { DirectoryBlobStore } from '../../runtime/adapters/index.ts';
import { loadList, verifySavepoint } from '../../runtime/checkpoint/index.ts';

/**
 * How many events of each split a savepoint says were read; undefined when a split is in none of
 * its states.
 */
export async function readPositions(savepoint: string): Promise<number[] | undefined> {
  const blobs = new DirectoryBlobStore();
  const { manifest } = await verifySavepoint(blobs, savepoint);
  const counts = new Map<number, number>();
  const states = manifest.vertices
    .flatMap(({ subtasks }) => subtasks)
    .flatMap(({ operators }) => operators)
    .flatMap(({ operatorStates }) => operatorStates);
  for (const state of states) {
    for (const item of await loadList({ ...state, from: 0, to: state.itemCount }, blobs)) {
      const { split } = (item ?? {}) as { readonly split?: unknown };
      const { id, next } = (split ?? {}) as { readonly id?: unknown; readonly next?: unknown };
      if (typeof id !== 'string' || typeof next !== 'number') continue;
      counts.set(Number(id), (next - Number(id)) / SPLIT_COUNT);
    }
  }
  const positions = Array.from({ length: SPLIT_COUNT }, (_, split) => counts.get(split));
  return positions.every((count) => count !== undefined) ? positions : undefined;
}
