import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateHistory } from './rate-history.ts';
import type { JobJson } from './rest-json.ts';
import { knownCount, liveOfDifference, liveOfSubtasks, loadOf, mergedLive } from './vertex-live.ts';

function jobAt(now: number, read: number, busyMs: number): JobJson {
  const metrics = {
    ...{ 'read-records': read, 'write-records': 2 * read },
    ...{ 'accumulated-busy-time': busyMs, 'accumulated-idle-time': now - busyMs },
    'accumulated-backpressured-time': 0,
  };
  return { now, vertices: [{ id: 'v', parallelism: 2, metrics }] } as unknown as JobJson;
}

describe('liveOfDifference', () => {
  it('tells rates and shares by what has grown', () => {
    const live = liveOfDifference(jobAt(1000, 100, 0), jobAt(3000, 500, 2000)).get('v');
    assert.deepEqual([live?.inPerSecond, live?.outPerSecond], [200, 400]);
    assert.equal(live?.busyShare, 0.5);
  });

  it('tells nothing, not 0, of a vertex that has not reported meanwhile', () => {
    const early = jobAt(1000, 0, 0);
    const silent = { ...early, now: 5000 };
    assert.equal(liveOfDifference(early, silent).size, 0);
    const of = (status: string, change: object): JobJson => {
      const vertices = jobAt(1000, 0, 0).vertices.map((one) => {
        return { ...one, status, metrics: { ...one.metrics, ...change } };
      });
      return { ...early, now: 5000, vertices } as JobJson;
    };
    assert.equal(liveOfDifference(early, of('FINISHED', {})).get('v')?.inPerSecond, 0);
    const partly = { 'read-records-complete': false, 'accumulated-idle-time': 9000 };
    assert.equal(liveOfDifference(early, of('RUNNING', partly)).size, 0);
    assert.equal(liveOfDifference(of('RUNNING', partly), jobAt(9000, 9, 0)).size, 0);
  });

  it('tells a count of 0 only where it is known', () => {
    const count = (read: number, isComplete: boolean | undefined): number | undefined => {
      const metrics = { 'read-records': read, 'read-records-complete': isComplete };
      return knownCount(metrics as JobJson['vertices'][number]['metrics'], 'read-records');
    };
    assert.deepEqual([count(0, true), count(0, undefined), count(0, false)], [0, 0, undefined]);
    assert.equal(count(7, false), 7);
  });

  it('tells nothing of a vertex that began anew, nor of no time', () => {
    assert.equal(liveOfDifference(jobAt(1000, 100, 0), jobAt(2000, 50, 0)).size, 0);
    assert.equal(liveOfDifference(jobAt(1000, 100, 0), jobAt(1000, 100, 0)).size, 0);
  });
});

describe('liveOfSubtasks', () => {
  it('adds rates, and takes the worst subtask for the rest', () => {
    const live = liveOfSubtasks([
      { id: 'numRecordsInPerSecond', min: 1, max: 9, sum: 10 },
      { id: 'busyTimeMsPerSecond', min: 10, max: 900, sum: 910 },
      { id: 'currentInputWatermark', min: 5, max: 9, sum: 14 },
      { id: 'currentInput1Watermark', min: 5, max: 9, sum: 14 },
      { id: 'currentInput2Watermark', min: 7, max: 9, sum: 16 },
    ]);
    assert.deepEqual(live, {
      ...{ inPerSecond: 10, busyShare: 0.9, watermarkMs: 5, inputWatermarksMs: [5, 7] },
    });
    assert.equal(mergedLive({ outPerSecond: 3, inputWatermarksMs: [] }, live).outPerSecond, 3);
  });
});

describe('loadOf', () => {
  it('has a word for what a vertex spends its time on', () => {
    const of = (busyShare: number, pressuredShare: number, idleShare: number) =>
      loadOf({ busyShare, pressuredShare, idleShare, inputWatermarksMs: [] });
    assert.equal(of(0.95, 0, 0.05), 'busy');
    assert.equal(of(0.95, 0.6, 0), 'pressured');
    assert.equal(of(0.3, 0.1, 0.6), 'working');
    assert.equal(of(0.01, 0, 0.99), 'idle');
    assert.equal(loadOf({ inputWatermarksMs: [] }), 'unknown');
    assert.equal(of(0, 0, 0), 'unknown');
  });
});

describe('RateHistory', () => {
  const live = { inPerSecond: 1, inputWatermarksMs: [] };

  it('keeps points in the order of time, each once, and not without end', () => {
    const history = new RateHistory();
    for (const at of [1, 2, 2, 1, 3]) history.record('job', at, new Map([['v', live]]));
    assert.deepEqual(
      history.of('job', 'v').map(({ atEpochMs }) => atEpochMs),
      [1, 2, 3],
    );
    for (let at = 4; at < 1000; at++) history.record('job', at, new Map([['v', live]]));
    assert.equal(history.of('job', 'v').length, 600);
    assert.deepEqual(history.of('job', 'other'), []);
  });

  it('forgets jobs that were not looked at for long', () => {
    const history = new RateHistory();
    for (const job of ['a', 'b', 'c', 'a', 'd']) history.record(job, 1, new Map([['v', live]]));
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((job) => history.of(job, 'v').length),
      [1, 0, 1, 1],
    );
  });
});
