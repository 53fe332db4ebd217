/**
 * Statistics of checkpoints between two turns: those of subtasks are text, a tenth of what they
 * are as objects, and what never changes again is made once in a process.
 *
 * I1  What is unpacked is what was packed.
 */
import type {
  AcknowledgedSubtaskStats,
  CheckpointStatistics,
  CheckpointStatsRecord,
  LatestCheckpoints,
  TaskCheckpointStats,
} from '../checkpoint/index.ts';

/** Of one checkpoint. Plain JSON. */
export interface PackedCheckpointStats extends Omit<CheckpointStatsRecord, 'tasks'> {
  readonly tasks: readonly PackedTaskStats[];
}

interface PackedTaskStats {
  readonly vertexId: string;
  /** By subtask, with a semicolon between: numbers as in `NUMBERS`; empty: not acknowledged. */
  readonly subtasks: string;
}

/** Plain JSON; a job's record holds it, so fields are only ever added. */
export interface PackedStatistics extends Omit<CheckpointStatistics, 'history' | 'latest'> {
  readonly history: readonly PackedCheckpointStats[];
  readonly latest: PackedLatest;
}

interface PackedLatest extends Pick<LatestCheckpoints, 'restored'> {
  /** The id of one that the history has; otherwise all of it. */
  readonly completed?: number | PackedCheckpointStats;
  readonly savepoint?: number | PackedCheckpointStats;
  readonly failed?: number | PackedCheckpointStats;
}

const NUMBERS = [
  'acknowledgedAtEpochMs',
  'startDelayMs',
  'alignmentMs',
  'syncMs',
  'asyncMs',
  'checkpointedSizeBytes',
  'stateSizeBytes',
  'processedDuringAlignmentBytes',
  'persistedDuringAlignmentBytes',
] as const;
const UNALIGNED = 'u';
const LATEST = ['completed', 'savepoint', 'failed'] as const;

/** Records do not change, and neither do packed ones. */
const packedOf = new WeakMap<CheckpointStatsRecord, PackedCheckpointStats>();
const unpackedOf = new WeakMap<PackedCheckpointStats, CheckpointStatsRecord>();

export function packStatistics(statistics: CheckpointStatistics): PackedStatistics {
  const { history, latest, ...rest } = statistics;
  const packed = LATEST.flatMap((name) => {
    const record = latest[name];
    if (record === undefined) return [];
    return [[name, isIn(history, record) ? record.checkpointId : packRecord(record)]];
  });
  const { restored } = latest;
  return {
    ...rest,
    history: history.map(packRecord),
    latest: { ...Object.fromEntries(packed), ...(restored === undefined ? {} : { restored }) },
  };
}

export function unpackStatistics(packed: PackedStatistics): CheckpointStatistics {
  const { history, latest, ...rest } = packed;
  const unpacked = LATEST.flatMap((name) => {
    const record = latest[name];
    if (record === undefined) return [];
    return [[name, unpackRecord(typeof record === 'number' ? inHistory(packed, record) : record)]];
  });
  const { restored } = latest;
  return {
    ...rest,
    history: history.map(unpackRecord),
    latest: { ...Object.fromEntries(unpacked), ...(restored === undefined ? {} : { restored }) },
  };
}

/** The newest that has completed, without its subtasks. */
export function latestCompleted({
  history,
  latest: { completed },
}: PackedStatistics): Omit<CheckpointStatsRecord, 'tasks'> | undefined {
  if (typeof completed !== 'number') return completed;
  return history.find(({ checkpointId }) => checkpointId === completed);
}

/** One that was deleted since is not the same. */
function isIn(history: readonly CheckpointStatsRecord[], record: CheckpointStatsRecord): boolean {
  return history.includes(record);
}

function inHistory({ history }: PackedStatistics, id: number): PackedCheckpointStats {
  const found = history.find(({ checkpointId }) => checkpointId === id);
  if (found === undefined) throw new Error(`the history has no checkpoint ${id}`);
  return found;
}

function packRecord(record: CheckpointStatsRecord): PackedCheckpointStats {
  const known = packedOf.get(record);
  if (known !== undefined) return known;
  const packed = { ...record, tasks: record.tasks.map(packTask) };
  packedOf.set(record, packed);
  unpackedOf.set(packed, record);
  return packed;
}

function unpackRecord(packed: PackedCheckpointStats): CheckpointStatsRecord {
  const known = unpackedOf.get(packed);
  if (known !== undefined) return known;
  const record = { ...packed, tasks: packed.tasks.map(unpackTask) };
  packedOf.set(record, packed);
  unpackedOf.set(packed, record);
  return record;
}

function packTask({ vertexId, subtasks }: TaskCheckpointStats): PackedTaskStats {
  return { vertexId, subtasks: subtasks.map(packSubtask).join(';') };
}

function unpackTask({ vertexId, subtasks }: PackedTaskStats): TaskCheckpointStats {
  return { vertexId, subtasks: subtasks.split(';').map(unpackSubtask) };
}

function packSubtask(stats: AcknowledgedSubtaskStats | null): string {
  if (stats === null) return '';
  const numbers = NUMBERS.map((name) => stats[name]).join();
  return stats.unaligned ? `${numbers},${UNALIGNED}` : numbers;
}

function unpackSubtask(text: string): AcknowledgedSubtaskStats | null {
  if (text === '') return null;
  const values = text.split(',');
  const numbers = NUMBERS.map((name, index) => [name, Number(values[index])]);
  const unaligned = values[NUMBERS.length] === UNALIGNED;
  return { ...Object.fromEntries(numbers), unaligned };
}
