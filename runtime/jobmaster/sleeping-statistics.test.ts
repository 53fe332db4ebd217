import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CheckpointStatistics,
  emptyStatistics,
  statsAcknowledged,
  statsCompleted,
  statsDiscarded,
  statsFailed,
  statsTriggered,
} from '../checkpoint/index.ts';
import { latestCompleted, packStatistics, unpackStatistics } from './sleeping-statistics.ts';

const STATS = {
  ...{ startDelayMs: 1, alignmentMs: 2, syncMs: 3, asyncMs: 4 },
  ...{ checkpointedSizeBytes: 5, stateSizeBytes: 6 },
  ...{ processedDuringAlignmentBytes: 7, persistedDuringAlignmentBytes: 8 },
};
const ERROR = { kind: 'user', code: 'BOOM', message: 'boom', details: {} } as const;
const task = (subtaskIndex: number) => ({ vertexId: 'v', subtaskIndex });

function triggered(statistics: CheckpointStatistics, checkpointId: number): CheckpointStatistics {
  const tasks = [0, 1, 2].map((index) => ({ ...task(index), isFinished: index === 2 }));
  const type = checkpointId === 3 ? ('SAVEPOINT' as const) : ('CHECKPOINT' as const);
  const begun = { checkpointId, type, full: false, triggeredAtEpochMs: 100 };
  const next = statsTriggered(statistics, { ...begun, tasks });
  const ack = { task: task(1), stats: { ...STATS, unaligned: checkpointId === 2 } };
  return statsAcknowledged(next, checkpointId, ack, 150);
}

/** 1 was deleted, 2 and the savepoint 3 are complete, 4 has failed, 5 is under way. */
function lived(): CheckpointStatistics {
  let statistics = emptyStatistics(10);
  for (const id of [1, 2, 3]) {
    statistics = statsCompleted(triggered(statistics, id), id, `/c/${id}`, 200);
  }
  statistics = statsDiscarded(statistics, [1]);
  statistics = statsFailed(triggered(statistics, 4), 4, ERROR, 300);
  return triggered(statistics, 5);
}

const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('packed statistics', () => {
  it('unpack to what they were, in the same process and in another', () => {
    for (const statistics of [emptyStatistics(3), lived(), statsDiscarded(lived(), [2])]) {
      const packed = packStatistics(statistics);
      assert.deepEqual(unpackStatistics(packed), statistics);
      assert.deepEqual(unpackStatistics(asJson(packed)), statistics);
      assert.deepEqual(asJson(packed), packed);
    }
  });

  it('hold what is in the history once', () => {
    const { latest, history } = packStatistics(lived());
    assert.deepEqual(latest, { completed: 2, savepoint: 3, failed: 4 });
    assert.equal(history.length, 5);
    const deleted = packStatistics(statsDiscarded(lived(), [2]));
    assert.equal(latestCompleted(deleted)?.checkpointId, 2);
    assert.equal(latestCompleted(packStatistics(lived()))?.checkpointId, 2);
  });

  it('are a quarter of the size', () => {
    const text = (value: unknown): number => JSON.stringify(value).length;
    const subtasks = lived().history.flatMap(({ tasks }) => tasks);
    const packed = packStatistics(lived()).history.flatMap(({ tasks }) => tasks);
    assert.ok(text(packed) * 4 < text(subtasks), `${text(packed)} ${text(subtasks)}`);
  });

  it('pack again, unchanged, to the same values', () => {
    const packed = asJson(packStatistics(lived()));
    const again = packStatistics(unpackStatistics(packed));
    assert.ok(again.history.every((record, index) => record === packed.history[index]));
  });
});
