import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateHistory } from './rate-history.ts';
import type { JobJson } from './rest-json.ts';
import { liveOfDifference, liveOfSubtasks, loadOf, mergedLive } from './vertex-live.ts';

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
