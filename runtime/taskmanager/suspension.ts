import type { ChainLink } from './operator-chain.ts';
import { named, type TaskPlace } from './task-place.ts';

/** What the first operator that waits waits for; what it throws or rejects with is named. */
export function findSuspension(
  place: TaskPlace,
  links: readonly ChainLink[],
): Promise<void> | undefined {
  for (const link of links) {
    const promise = suspensionOf(place, link);
    if (promise === undefined) continue;
    return promise.catch((thrown: unknown) => {
      throw named(place, link, 'asynchronous work', thrown);
    });
  }
  return undefined;
}

function suspensionOf(place: TaskPlace, link: ChainLink): Promise<void> | undefined {
  try {
    return link.operator.suspension?.();
  } catch (thrown) {
    throw named(place, link, 'asynchronous work', thrown);
  }
}
