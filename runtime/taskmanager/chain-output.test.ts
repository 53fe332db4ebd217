import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChainOutput, type OutputTarget } from './chain-output.ts';

function recordingTarget(name: string, log: string[]): OutputTarget {
  return {
    processElement: (value, timestampMs) => log.push(`${name}:${String(value)}@${timestampMs}`),
    processWatermark: (watermarkMs) => log.push(`${name}:wm${watermarkMs}`),
    processIdle: (idle) => log.push(`${name}:idle=${idle}`),
  };
}

describe('ChainOutput', () => {
  it('sends records to every main target in the order they were added', () => {
    const log: string[] = [];
    const output = new ChainOutput();
    output.addTarget(recordingTarget('a', log), undefined);
    output.addTarget(recordingTarget('b', log), undefined);
    output.seal();
    output.collect('x', 7);
    assert.deepEqual(log, ['a:x@7', 'b:x@7']);
    assert.equal(output.numRecords, 1);
  });

  it('sends a side output to its tag only, and drops one nobody reads', () => {
    const log: string[] = [];
    const output = new ChainOutput();
    output.addTarget(recordingTarget('main', log), undefined);
    output.addTarget(recordingTarget('late', log), 'late');
    output.seal();
    output.collectSide('late', 'x', 1);
    output.collectSide('nobody', 'y', 2);
    assert.deepEqual(log, ['late:x@1']);
  });

  it('sends watermarks and idleness once to each target, side outputs too', () => {
    const log: string[] = [];
    const both = recordingTarget('both', log);
    const output = new ChainOutput();
    output.addTarget(both, undefined);
    output.addTarget(both, 'side');
    output.addTarget(recordingTarget('side', log), 'side');
    output.seal();
    output.emitWatermark(5);
    output.emitIdle(true);
    assert.deepEqual(log, ['both:wm5', 'side:wm5', 'both:idle=true', 'side:idle=true']);
    assert.equal(output.watermarkMs, 5);
  });
});
