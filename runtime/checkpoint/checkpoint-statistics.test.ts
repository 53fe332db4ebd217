import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withRestored } from './checkpoint-coordinator.ts';
import { BOOM, CheckpointRun, STATS } from './checkpoint-coordinator-fixture.ts';
import {
  type CheckpointStatistics,
  checkpointTotals,
  emptyStatistics,
  endToEndDurationMs,
  failedInARow,
  statsFailed,
  statsTriggered,
  taskTotals,
} from './checkpoint-statistics.ts';
import {
  addToSummary,
  averageOf,
  EMPTY_SUMMARY,
  percentilesOf,
} from './checkpoint-statistics-summary.ts';

describe('CheckpointStatistics', () => {
  const tolerant = { interval: 100, 'tolerable-failed-checkpoints': 99 };

  it('shows a checkpoint in progress, then completed', () => {
    const run = CheckpointRun.running(tolerant).at(100);
    run.nowEpochMs = 130;
    run.ack(1, 'source/1');
    const [record] = run.state.statistics.history;
    assert.deepEqual(record, {
      checkpointId: 1,
      status: 'IN_PROGRESS',
      type: 'CHECKPOINT',
      full: false,
      triggeredAtEpochMs: 100,
      tasks: [
        { vertexId: 'source', subtasks: [null, { ...STATS, acknowledgedAtEpochMs: 130 }] },
        { vertexId: 'map', subtasks: [null] },
      ],
    });
    assert.equal(record && endToEndDurationMs(record, 150), 50);
    run.nowEpochMs = 160;
    run.ackAll(1);
    run.nowEpochMs = 190;
    run.stored(1);
    const { latest, counts, history } = run.state.statistics;
    assert.equal(latest.completed, history[0] && latest.completed);
    assert.deepEqual(counts, { restored: 0, total: 1, inProgress: 0, completed: 1, failed: 0 });
    assert.deepEqual(
      [latest.completed?.status, latest.completed?.path, latest.completed?.completedAtEpochMs],
      ['COMPLETED', '/dir/job/chk-1', 190],
    );
    assert.equal(latest.completed && endToEndDurationMs(latest.completed, 999), 60);
  });

  it('sums over subtasks', () => {
    const run = CheckpointRun.running(tolerant).at(100).ack(1, 'source/0').ack(1, 'source/1');
    const [record] = run.state.statistics.history;
    const [source, map] = record?.tasks ?? [];
    assert.deepEqual(source && taskTotals(source), {
      subtaskCount: 2,
      acknowledgedCount: 2,
      latestAckEpochMs: 100,
      checkpointedSizeBytes: 20,
      stateSizeBytes: 200,
      processedDuringAlignmentBytes: 10,
      persistedDuringAlignmentBytes: 12,
      unaligned: false,
    });
    assert.equal(map && taskTotals(map).latestAckEpochMs, undefined);
    assert.deepEqual(record && checkpointTotals(record).subtaskCount, 3);
  });

  it('counts tasks that have finished as acknowledged', () => {
    const run = CheckpointRun.running(tolerant);
    run.on({ type: 'task-finished', task: { vertexId: 'source', subtaskIndex: 0 } }).at(100);
    const [record] = run.state.statistics.history;
    assert.equal(record && checkpointTotals(record).acknowledgedCount, 1);
  });

  it('keeps cause and time of a failure', () => {
    const run = CheckpointRun.running(tolerant).at(100);
    run.nowEpochMs = 150;
    run.decline(1);
    const { failed } = run.state.statistics.latest;
    assert.deepEqual([failed?.status, failed?.failedAtEpochMs], ['FAILED', 150]);
    assert.equal(
      failed?.error?.message,
      'a task declined a checkpoint: boom; checkpointId=1 task=map/0',
    );
    assert.equal(failed && endToEndDurationMs(failed, 999), 50);
  });

  it('keeps as many as configured, newest first, and all in progress', () => {
    const options = { ...tolerant, 'web.checkpoints.history': 2, 'max-concurrent-checkpoints': 9 };
    const run = CheckpointRun.running(options).savepoint('s', 'SAVEPOINT');
    for (const id of [2, 3, 4]) run.at(id * 100).complete(id);
    const ids = () => run.state.statistics.history.map(({ checkpointId }) => checkpointId);
    assert.deepEqual(ids(), [4, 3, 1]);
    run.complete(1);
    assert.deepEqual(ids(), [4, 3]);
    assert.equal(run.state.statistics.latest.savepoint?.checkpointId, 1);
    assert.equal(run.state.statistics.latest.completed?.checkpointId, 4);
  });

  it('says which completed ones were deleted', () => {
    const run = CheckpointRun.running(tolerant).at(100).complete(1).at(200).complete(2);
    const discarded = run.state.statistics.history.map((record) => record.discarded);
    assert.deepEqual(discarded, [undefined, true]);
  });

  it('keeps what the job was restored from', () => {
    const restored = { checkpointId: 5, restoredAtEpochMs: 7, isSavepoint: true, path: '/sp' };
    const { statistics } = withRestored(CheckpointRun.running(tolerant).state, restored);
    assert.deepEqual([statistics.counts.restored, statistics.latest.restored], [1, restored]);
  });

  it('counts failures in a row beyond its history, until one completes', () => {
    const run = CheckpointRun.running({ ...tolerant, 'web.checkpoints.history': 2 });
    for (const id of [1, 2, 3, 4, 5]) run.at(id * 100).decline(id);
    const { failedSinceCompleted: _, ...unlike } = run.state.statistics;
    assert.equal(unlike.history.length, 2);
    assert.equal(failedInARow(run.state.statistics), 5);
    // By a release that did not count.
    assert.equal(failedInARow(unlike), 2);
    run.at(600).complete(6);
    assert.equal(failedInARow(run.state.statistics), 0);
    run.at(700).decline(7);
    assert.equal(failedInARow(run.state.statistics), 1);
  });

  it('counts what a restart takes along as no failure, and no end of the row', () => {
    const after = (code: string, id: number, before: CheckpointStatistics) => {
      const type = 'CHECKPOINT' as const;
      const begun = { checkpointId: id, type, full: false, triggeredAtEpochMs: id, tasks: [] };
      return statsFailed(statsTriggered(before, begun), id, { ...BOOM, code }, id);
    };
    const one = after('CHECKPOINT_EXPIRED', 1, emptyStatistics(10));
    const aborted = after('CHECKPOINT_COORDINATOR_SUSPEND', 2, one);
    assert.deepEqual([one, aborted].map(failedInARow), [1, 1]);
    assert.equal(failedInARow(after('CHECKPOINT_EXPIRED', 3, aborted)), 2);
  });

  it('counts a failure before the trigger without a record', () => {
    const run = new CheckpointRun({}).savepoint('s', 'SAVEPOINT');
    const { counts, history } = run.state.statistics;
    assert.deepEqual(
      [counts.total, counts.failed, counts.inProgress, history.length],
      [1, 1, 0, 0],
    );
    assert.equal(BOOM.code, 'BOOM');
  });
});

describe('CheckpointSummary', () => {
  const values = (n: number) => ({
    checkpointedSizeBytes: n,
    stateSizeBytes: n,
    endToEndDurationMs: n,
    processedDuringAlignmentBytes: n,
    persistedDuringAlignmentBytes: n,
  });

  it('is empty before the first', () => {
    const { stateSizeBytes } = EMPTY_SUMMARY;
    assert.deepEqual([averageOf(stateSizeBytes), percentilesOf(stateSizeBytes)], [0, undefined]);
  });

  it('has minimum, maximum, average and percentiles', () => {
    let summary = EMPTY_SUMMARY;
    for (let n = 99; n >= 1; n--) summary = addToSummary(summary, values(n));
    const { min, max, count } = summary.endToEndDurationMs;
    assert.deepEqual([min, max, count, averageOf(summary.endToEndDurationMs)], [1, 99, 99, 50]);
    assert.deepEqual(percentilesOf(summary.endToEndDurationMs), {
      p50: 50,
      p90: 90,
      p95: 95,
      p99: 99,
      p999: 99,
    });
  });

  it('interpolates between neighbours', () => {
    const summary = addToSummary(addToSummary(EMPTY_SUMMARY, values(10)), values(20));
    assert.equal(percentilesOf(summary.stateSizeBytes)?.p50, 15);
    const one = addToSummary(EMPTY_SUMMARY, values(10));
    assert.equal(percentilesOf(one.stateSizeBytes)?.p50, 10);
  });

  it('remembers a bounded number of values', () => {
    let summary = EMPTY_SUMMARY;
    for (let n = 0; n < 300; n++) summary = addToSummary(summary, values(n));
    assert.equal(summary.stateSizeBytes.window.length, 256);
    assert.equal(summary.stateSizeBytes.min, 0);
  });
});
