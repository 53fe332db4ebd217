/** Answers of a cluster with one running job, for tests of pages. */
export const JOB_ID = 'a'.repeat(32);
export const SOURCE_ID = 'b'.repeat(32);
export const SINK_ID = 'c'.repeat(32);

const START_EPOCH_MS = Date.UTC(2026, 0, 2, 3, 0, 0);
const NO_TIMES = { 'start-time': START_EPOCH_MS, 'end-time': -1, duration: 60_000 };

export const CONFIG = {
  'refresh-interval': 3000,
  'flink-version': '1.2.3',
  features: { 'web-submit': true, 'web-cancel': true, 'web-rescale': true },
};

export const OVERVIEW = {
  ...{ taskmanagers: 1, 'slots-total': 4, 'slots-available': 2 },
  ...{ 'jobs-running': 1, 'jobs-finished': 0, 'jobs-cancelled': 0, 'jobs-failed': 0 },
};

function ioMetrics(records: number) {
  return {
    ...{ 'read-bytes': 10 * records, 'write-bytes': 10 * records },
    ...{ 'read-records': records, 'write-records': records },
    'accumulated-backpressured-time': 0,
    ...{ 'accumulated-idle-time': 0, 'accumulated-busy-time': records },
  };
}

function vertex(id: string, name: string, parallelism: number, records: number) {
  return {
    ...{ id, name, parallelism, maxParallelism: 128, status: 'RUNNING', ...NO_TIMES },
    tasks: { RUNNING: parallelism },
    metrics: ioMetrics(records),
  };
}

/** @param afterMs of its life: it reads 100 records a second. */
export function jobJson(afterMs: number, change: object = {}) {
  const records = afterMs / 10;
  return {
    ...{ jid: JOB_ID, name: 'clicks', state: 'RUNNING', ...NO_TIMES, duration: afterMs },
    ...{ now: START_EPOCH_MS + afterMs, maxParallelism: -1, timestamps: {} },
    vertices: [
      vertex(SOURCE_ID, 'Source: clicks', 1, records),
      vertex(SINK_ID, 'count -> Sink: out', 2, records),
    ],
    plan: {
      ...{ jid: JOB_ID, name: 'clicks' },
      nodes: [
        { id: SOURCE_ID, parallelism: 1, description: 'Source: clicks<br/>' },
        {
          ...{ id: SINK_ID, parallelism: 2, description: 'count<br/>+- Sink: out<br/>' },
          inputs: [{ num: 0, id: SOURCE_ID, ship_strategy: 'HASH' }],
        },
      ],
    },
    ...change,
  };
}

export function subtasksJson(count: number) {
  return {
    ...{ id: SINK_ID, name: 'count -> Sink: out', parallelism: count, now: START_EPOCH_MS },
    subtasks: Array.from({ length: count }, (_, subtask) => ({
      ...{ subtask, status: 'RUNNING', attempt: 0, endpoint: 'localhost:1', ...NO_TIMES },
      'taskmanager-id': 'tm-1',
      metrics: ioMetrics(subtask * 10),
    })),
  };
}
