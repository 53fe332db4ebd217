import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyStatistics, statsAcknowledged, statsTriggered } from '../../checkpoint/index.ts';
import type { SubtaskCheckpointStats } from '../../protocol/index.ts';
import {
  askOf,
  IDLE_RATES,
  JOB_ID,
  jobWithSources,
  NOW_EPOCH_MS,
  RUNNING_JOB,
  runningSubtask,
  SINK_ID,
  SOURCE_ID,
  taskMetrics,
} from './shown-cluster.fixture.ts';

const STATS: SubtaskCheckpointStats = {
  ...{ checkpointedSizeBytes: 1, stateSizeBytes: 1, syncMs: 1, asyncMs: 1, startDelayMs: 2 },
  ...{ alignmentMs: 3.4, processedDuringAlignmentBytes: 0, persistedDuringAlignmentBytes: 0 },
  unaligned: false,
};
const PATH = `GET /jobs/${JOB_ID}/metrics/top-n`;

interface TopN {
  readonly topBusyOperators: readonly object[];
  readonly topBackpressureOperators: readonly object[];
  readonly topLaggingSources: readonly object[];
  readonly slowestCheckpointAcks: readonly object[];
}

function loaded(index: number, busy: number, blocked: number, own: Record<string, number> = {}) {
  const rates = {
    ...IDLE_RATES,
    busyTimeMsPerSecond: busy,
    backPressuredTimeMsPerSecond: blocked,
  };
  const metrics = taskMetrics(SOURCE_ID, index, { rates, operatorMetrics: own });
  return runningSubtask(SOURCE_ID, index, { metrics });
}

describe('GET /jobs/:jobid/metrics/top-n', () => {
  it('shows the busiest and the most back-pressured subtasks, in Flink’s shape', async () => {
    const job = jobWithSources([loaded(0, 200, 700), loaded(1, 1003, 5)]);
    const { status, body } = await askOf(job, `${PATH}?topN=2`);
    const { topBusyOperators, topBackpressureOperators, ...others } = body as TopN;
    const of = (subtaskId: number) => ({
      ...{ operatorId: SOURCE_ID, operatorName: 'Source', subtaskId },
    });
    assert.equal(status, 200);
    assert.deepEqual(topBusyOperators, [
      { ...of(1), busyRatio: 1 },
      { ...of(0), busyRatio: 0.2 },
    ]);
    assert.deepEqual(topBackpressureOperators, [
      { ...of(0), backpressureRatio: 0.7 },
      { ...of(1), backpressureRatio: 0.005 },
    ]);
    assert.deepEqual(others, {
      ...{ topCpuConsumers: [], topGcIntensiveTasks: [] },
      ...{ topLaggingSources: [], slowestCheckpointAcks: [] },
    });
    const one = (await askOf(job, `${PATH}?topN=1`)).body as TopN;
    assert.deepEqual([one.topBusyOperators.length, one.topBackpressureOperators.length], [1, 1]);
  });

  it('shows how far sources are behind that tell it', async () => {
    const job = jobWithSources([
      loaded(0, 0, 0, { 'in.pendingRecords': 5, 'in.currentEmitEventTimeLag': 30 }),
      loaded(1, 0, 0, { 'in.pendingRecords': 7, 'in.currentEmitEventTimeLag': 10 }),
    ]);
    const { topLaggingSources } = (await askOf(job, PATH)).body as TopN;
    assert.deepEqual(topLaggingSources, [
      {
        ...{ vertexId: SOURCE_ID, vertexName: 'Source', pendingRecords: 12 },
        ...{ maxFetchEventTimeLagMs: null, maxEmitEventTimeLagMs: 30 },
      },
    ]);
  });

  it('shows who acknowledged the newest checkpoint last, or has not yet', async () => {
    const begun = statsTriggered(emptyStatistics(10), {
      ...{ checkpointId: 7, type: 'CHECKPOINT', full: false, triggeredAtEpochMs: 9000 },
      tasks: [
        { vertexId: SOURCE_ID, subtaskIndex: 0, isFinished: false },
        { vertexId: SOURCE_ID, subtaskIndex: 1, isFinished: false },
        { vertexId: SINK_ID, subtaskIndex: 0, isFinished: false },
      ],
    });
    const ack = (vertexId: string, subtaskIndex: number) => ({
      ...{ task: { vertexId, subtaskIndex }, stats: STATS },
    });
    const first = statsAcknowledged(begun, 7, ack(SOURCE_ID, 1), 9100);
    const checkpointStatistics = statsAcknowledged(first, 7, ack(SOURCE_ID, 0), 9400);
    const { slowestCheckpointAcks } = (await askOf({ ...RUNNING_JOB, checkpointStatistics }, PATH))
      .body as TopN;
    const of = { checkpointId: 7, acknowledged: true, alignmentDurationMs: 3, startDelayMs: 2 };
    const source = { operatorId: SOURCE_ID, operatorName: 'Source' };
    assert.deepEqual(slowestCheckpointAcks, [
      {
        ...{ ...of, operatorId: SINK_ID, operatorName: 'Sink', subtaskId: 0, acknowledged: false },
        endToEndDurationMs: NOW_EPOCH_MS - 9000,
        ...{ alignmentDurationMs: null, startDelayMs: null },
      },
      { ...of, ...source, subtaskId: 0, endToEndDurationMs: 400 },
      { ...of, ...source, subtaskId: 1, endToEndDurationMs: 100 },
    ]);
  });

  it('refuses what is no count, and jobs it does not know', async () => {
    for (const topN of ['0', '101', 'x', '-1', '1.5', '']) {
      assert.equal((await askOf(RUNNING_JOB, `${PATH}?topN=${topN}`)).status, 400, topN);
    }
    assert.equal((await askOf(RUNNING_JOB, PATH.replace(JOB_ID, 'e'.repeat(32)))).status, 404);
  });
});
