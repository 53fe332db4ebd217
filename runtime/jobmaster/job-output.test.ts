import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskMetricsRecord } from '../protocol/index.ts';
import { JobOutput } from './job-output.ts';

const REPORTED = {
  ...{ vertexId: 'v', numRecordsIn: 7, rates: { numRecordsInPerSecond: 100 } },
  recent: { spanMs: 10_000 },
} as unknown as TaskMetricsRecord;

function world(reportIntervalMs?: number) {
  let nowEpochMs = 1_000_000;
  const output = new JobOutput({
    clock: { nowEpochMs: () => nowEpochMs, monotonicMs: () => nowEpochMs },
    logger: { log: () => {} },
    ...{ onPrint: () => undefined, onDeliver: () => undefined },
    ...(reportIntervalMs === undefined ? {} : { reportIntervalMs }),
  });
  const hear = (subtaskIndex: number): void => {
    const tasks = [{ ...REPORTED, subtaskIndex }];
    output.take({ type: 'metrics', tasks }, { slotIndex: 0, attempt: 1 }, () => {});
  };
  const shown = (): unknown[] =>
    [...output.shown.values()].map(({ numRecordsIn, rates, recent }) => {
      return [numRecordsIn, rates?.numRecordsInPerSecond, recent?.spanMs];
    });
  const pass = (ms: number): void => {
    nowEpochMs += ms;
  };
  return { output, hear, shown, pass };
}

describe('JobOutput', () => {
  it('shows no rates of a task that is silent; its counters stay, and it is no other’s', () => {
    const { output, hear, shown, pass } = world(500);
    hear(0);
    hear(1);
    pass(5000);
    assert.deepEqual(shown(), Array(2).fill([7, 100, 10_000]));
    hear(1);
    pass(1);
    assert.deepEqual(shown(), [
      [7, undefined, undefined],
      [7, 100, 10_000],
    ]);
    assert.equal('rates' in (output.shown.get('v:0') ?? {}), false);
    hear(0);
    assert.deepEqual(shown(), Array(2).fill([7, 100, 10_000]));
  });

  it('takes silence for nothing where tasks do not report by the clock', () => {
    const { hear, shown, pass } = world();
    hear(0);
    pass(999_000);
    assert.deepEqual(shown(), [[7, 100, 10_000]]);
  });
});
