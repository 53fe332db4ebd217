import type { ChainLink } from './operator-chain.ts';
import type { CheckpointNotice } from './subtask-checkpoints.ts';
import { named, type TaskPlace } from './task-place.ts';

/**
 * Tells operators what became of a checkpoint, head first, one after the other. Undefined when
 * nothing is to be waited for; throws or rejects with what an operator threw, named.
 */
export function tellOperators(
  place: TaskPlace,
  links: readonly ChainLink[],
  { type, checkpointId }: CheckpointNotice,
): Promise<void> | undefined {
  const what = type === 'complete' ? 'checkpoint completion' : 'checkpoint abortion';
  const tell = ({ operator }: ChainLink): void | Promise<void> =>
    type === 'complete'
      ? operator.notifyCheckpointComplete?.(checkpointId)
      : operator.notifyCheckpointAborted?.(checkpointId);
  for (const [i, link] of links.entries()) {
    const done = guarded(place, link, what, tell);
    if (!(done instanceof Promise)) continue;
    return done
      .catch((thrown: unknown) => {
        throw named(place, link, what, thrown);
      })
      .then(() => tellOperators(place, links.slice(i + 1), { type, checkpointId }));
  }
  return undefined;
}

function guarded(
  place: TaskPlace,
  link: ChainLink,
  what: string,
  tell: (link: ChainLink) => void | Promise<void>,
): void | Promise<void> {
  try {
    return tell(link);
  } catch (thrown) {
    throw named(place, link, what, thrown);
  }
}
