/** Deals out operator states among new subtasks. */
import type {
  OperatorStateMode,
  OperatorStateRecord,
  OperatorSubtaskStateRecord,
  RestoredListRecord,
} from '../protocol/index.ts';

/**
 * The lists of one operator, by new subtask. Lists of which a subtask gets no items are left out.
 *
 * @param shares by old subtask.
 * @see Flink's `RoundRobinOperatorStateRepartitioner`.
 */
export function dealLists(
  shares: readonly (OperatorSubtaskStateRecord | undefined)[],
  parallelism: number,
): readonly (readonly RestoredListRecord[])[] {
  const dealt: RestoredListRecord[][] = Array.from({ length: parallelism }, () => []);
  const all = shares.flatMap((share) => share?.operatorStates ?? []);
  for (const name of new Set(all.map((record) => record.name))) {
    const byOldSubtask = shares.map((share) => share?.operatorStates.find((r) => r.name === name));
    const mode = all.find((record) => record.name === name)?.mode ?? 'SPLIT_DISTRIBUTE';
    for (let subtask = 0; subtask < parallelism; subtask++) {
      dealt[subtask]?.push(...partOf(mode, byOldSubtask, subtask, parallelism));
    }
  }
  return dealt;
}

function partOf(
  mode: OperatorStateMode,
  byOldSubtask: readonly (OperatorStateRecord | undefined)[],
  subtask: number,
  parallelism: number,
): readonly RestoredListRecord[] {
  const records = byOldSubtask.filter((record) => record !== undefined);
  if (mode === 'UNION') return records.flatMap((record) => whole(record));
  if (mode === 'BROADCAST') {
    // Subtasks that had ended may have left none; every other copy is as good.
    const own = byOldSubtask[subtask % byOldSubtask.length];
    return whole(own ?? records[subtask % records.length]);
  }
  if (parallelism === byOldSubtask.length) return whole(byOldSubtask[subtask]);
  return slice(records, subtask, parallelism);
}

function whole(record: OperatorStateRecord | undefined): readonly RestoredListRecord[] {
  if (record === undefined || record.itemCount === 0) return [];
  return [{ ...record, from: 0, to: record.itemCount }];
}

/** A run of all items; the first subtasks have one more where the number does not divide. */
function slice(
  records: readonly OperatorStateRecord[],
  subtask: number,
  parallelism: number,
): readonly RestoredListRecord[] {
  const total = records.reduce((sum, { itemCount }) => sum + itemCount, 0);
  const size = Math.floor(total / parallelism);
  const more = total % parallelism;
  const first = subtask * size + Math.min(subtask, more);
  const end = first + size + (subtask < more ? 1 : 0);
  const parts: RestoredListRecord[] = [];
  let before = 0;
  for (const record of records) {
    const from = Math.max(first - before, 0);
    const to = Math.min(end - before, record.itemCount);
    if (from < to) parts.push({ ...record, from, to });
    before += record.itemCount;
  }
  return parts;
}
