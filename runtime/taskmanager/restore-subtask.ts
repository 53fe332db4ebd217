import { type BlobStore, loadBytes } from '../checkpoint/index.ts';
import { defined } from '../core/index.ts';
import type { RestoredSubtaskState } from '../protocol/index.ts';
import { ChannelReplay, type ReplayTarget } from './channel-replay.ts';
import type { ChainLink, OperatorChain } from './operator-chain.ts';

/**
 * Operators that are opened. Where the end had been reached there is nothing left to run but what
 * operators still owe, as the committables of sinks.
 */
export function runningLinks(
  { links, source }: OperatorChain,
  state: RestoredSubtaskState | undefined,
): readonly ChainLink[] {
  if (state?.finished !== true) return links;
  return links.filter(({ operator, operatorId }) => {
    if (operator === source) return false;
    const restored = state.operators.find((o) => o.operatorId === operatorId);
    return restored?.operatorStates.some(({ from, to }) => to > from) ?? false;
  });
}

/**
 * The frames to take before any other input; undefined when there are none.
 *
 * @throws {StreamError} kind `data` when what is stored cannot be read.
 */
export async function loadReplay(
  { finished, channels }: RestoredSubtaskState,
  targets: ReadonlyMap<number, ReplayTarget>,
  blobs: BlobStore,
): Promise<ChannelReplay | undefined> {
  if (finished || channels.length === 0) return undefined;
  const replay = new ChannelReplay();
  for (const { edgeId, bytes } of channels) {
    const target = defined(targets.get(edgeId), 'frames belong to an edge into the subtask');
    replay.add(await loadBytes(bytes, blobs), target);
  }
  return replay;
}
