import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import parse from 'parse-prometheus-text-format';
import type { DispatchedJob } from './jobmaster/index.ts';
import { renderMetrics } from './prometheus.ts';
import {
  JOB_ID,
  NOW_EPOCH_MS,
  sampledJob,
  sampledSubtask,
  samplesOf,
  USER_METRICS,
} from './telemetry.fixture.ts';

const TASK = {
  ...{ host: 'here', tm_id: 'aa-3', job_id: JOB_ID, job_name: 'clicks "x"', task_id: 'v' },
  ...{ task_name: 'Source: in -> parse.v1 -> (Map, Sink: out)', task_attempt_num: '2' },
  subtask_index: '0',
};

/** As a scraper reads it. */
async function scraped(...jobs: readonly DispatchedJob[]) {
  const { contentType, text } = await renderMetrics(samplesOf(...jobs));
  const families = new Map(parse(text).map((family) => [family.name, family]));
  return { contentType, text, families };
}

describe('renderMetrics', () => {
  it('has Flink’s names, labels and values, as a parser reads them', async () => {
    const { contentType, families } = await scraped(sampledJob(sampledSubtask()));
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    const name = 'flink_taskmanager_job_task_numRecordsIn';
    assert.deepEqual(families.get(name), {
      ...{ name, help: 'numRecordsIn', type: 'COUNTER' },
      metrics: [{ value: '10', labels: { ...TASK, job_name: 'clicks "x"' } }],
    });
    const value = (family: string): string | undefined => families.get(family)?.metrics[0]?.value;
    assert.equal(value('flink_taskmanager_job_task_currentInputWatermark'), '5000');
    assert.equal(value('flink_taskmanager_job_task_accumulateBusyTimeMs'), '600');
    assert.equal(value('flink_jobmanager_taskSlotsAvailable'), '1');
    assert.equal(value('flink_jobmanager_numRunningJobs'), '1');
    assert.equal(value('flink_jobmanager_job_uptime'), String(NOW_EPOCH_MS - 3000));
    assert.deepEqual(families.get('flink_jobmanager_job_numRestarts')?.metrics, [
      { value: '2', labels: { host: 'here', job_id: JOB_ID, job_name: 'clicks "x"' } },
    ]);
  });

  it('has what functions register, under the operator that they are of', async () => {
    const subtask = sampledSubtask({ operatorMetrics: USER_METRICS });
    const { families, text } = await scraped(sampledJob(subtask));
    const of = (name: string) => {
      const family = families.get(`flink_taskmanager_job_task_operator_${name}`);
      const values = family?.metrics.map(({ value, labels }) => [labels?.operator_name, value]);
      return [family?.type, ...(values ?? [])];
    };
    assert.deepEqual(of('bad_lines'), ['GAUGE', ['parse.v1', '7']]);
    assert.deepEqual(of('is_open'), ['GAUGE', ['parse.v1', '1']]);
    assert.deepEqual(of('rate'), ['GAUGE', ['Map', '2.5']]);
    assert.deepEqual(of('numRecordsIn'), ['COUNTER', ['Source: in', '10']]);
    assert.doesNotMatch(text, /no number|stddev/);
    const took = families.get('flink_taskmanager_job_task_operator_took');
    assert.equal(took?.type, 'SUMMARY');
    const [summary] = took?.metrics ?? [];
    assert.deepEqual(summary?.quantiles, { '0.5': '3', '0.95': '8', '0.99': '9' });
    // The parser drops the labels of summaries.
    assert.match(text, /_operator_took_count\{[^}]*operator_name="Map"\} 4\n/);
  });

  it('has what each operator of a chain took and gave', async () => {
    const operators = [
      { operatorId: 'a', name: 'Source: in', numRecordsIn: 10, numRecordsOut: 10 },
      { operatorId: 'b', name: 'parse.v1', numRecordsIn: 10, numRecordsOut: 4 },
    ];
    const recent = { spanMs: 1000, numRecordsIn: [5, 5], numRecordsOut: [5, 2] };
    const operatorMetrics = { 'parse.v1.bad': 3 };
    const subtask = sampledSubtask({ operators, recent, operatorMetrics });
    const { families } = await scraped(sampledJob(subtask));
    const of = (name: string) => {
      const family = families.get(`flink_taskmanager_job_task_operator_${name}`);
      const values = family?.metrics.map(({ value, labels }) => [labels?.operator_name, value]);
      return [family?.type, ...(values ?? [])];
    };
    assert.deepEqual(of('numRecordsIn'), ['COUNTER', ['Source: in', '10'], ['parse.v1', '10']]);
    assert.deepEqual(of('numRecordsOut'), ['COUNTER', ['Source: in', '10'], ['parse.v1', '4']]);
    const rates = ['GAUGE', ['Source: in', '5'], ['parse.v1', '2']];
    assert.deepEqual(of('numRecordsOutPerSecond'), rates);
    assert.deepEqual(of('bad'), ['GAUGE', ['parse.v1', '3']]);
  });

  it('has every series once, whatever names users give', async () => {
    const operatorMetrics = { 'Map.a b': 1, 'Map.a_b': 2, 'Map.ä/ö': 3, 'no operator': 4 };
    const { text } = await scraped(sampledJob(sampledSubtask({ operatorMetrics })));
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const series = lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
    assert.equal(new Set(series).size, series.length);
    for (const one of series) assert.match(one, /^[a-zA-Z_:][a-zA-Z0-9_:]*\{/);
    assert.ok(lines.some((line) => /_a_b\{.* 1$/.test(line)));
  });

  it('keeps subtasks apart, and tells nothing of jobs that have ended', async () => {
    const subtasks = [0, 1].map((subtaskIndex) => ({ ...sampledSubtask(), subtaskIndex }));
    const ended = { ...sampledJob(sampledSubtask()), status: 'FINISHED' as const };
    const { families } = await scraped(sampledJob(...subtasks), ended);
    const { metrics = [] } = families.get('flink_taskmanager_job_task_numBytesOut') ?? {};
    assert.deepEqual(
      metrics.map(({ labels }) => labels?.subtask_index),
      ['0', '1'],
    );
  });

  it('renders a cluster without jobs, and subtasks that have told nothing', async () => {
    const { metrics: _, ...silent } = sampledSubtask();
    assert.ok((await scraped()).families.size > 3);
    const { text } = await scraped(sampledJob(silent));
    assert.doesNotMatch(text, /taskmanager_job_task/);
  });
});
