import type { EnumeratorContext, SplitEnumerator } from 'sluice';

/** Gives all that waits to who asks first; nobody finds more. */
export function handOut<Split>(
  ctx: EnumeratorContext<Split>,
  splits: readonly Split[],
): SplitEnumerator<Split, readonly Split[]> {
  let waiting = splits;
  return {
    start: () => {},
    addReader: () => {},
    handleSplitRequest: (subtaskIndex) => {
      if (waiting.length > 0) ctx.assignSplits(subtaskIndex, waiting);
      waiting = [];
    },
    addSplitsBack: (back) => {
      waiting = [...waiting, ...back];
    },
    snapshotState: () => waiting,
    close: () => {},
  };
}
