import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { invocationsOf, type RuntimeRecord } from './invocation-records.ts';

function lines(...records: readonly RuntimeRecord[]): string {
  return records.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

describe('invocationsOf', () => {
  const init = { phase: 'init', functionName: 'f', memoryMb: 256, pid: 7, initMs: 120 } as const;
  const begin = (requestId: string, pid = 7): RuntimeRecord => ({
    ...{ phase: 'begin', requestId, functionName: 'f', pid, startedAtEpochMs: 1_000 },
  });
  const end = (requestId: string): RuntimeRecord => ({
    ...{ phase: 'end', requestId, durationMs: 5, maxRssBytes: 1, leftovers: [] },
  });

  it('gives the init to the first invocation of an environment only', () => {
    const text = lines(init, begin('a'), end('a'), begin('b'), end('b'));
    const [first, second] = invocationsOf(text);
    assert.equal(first?.initMs, 120);
    assert.equal(second?.initMs, undefined);
    assert.equal(second?.memoryMb, 256);
    assert.equal(second?.durationMs, 5);
  });

  it('leaves an invocation open that was killed', () => {
    const [killed] = invocationsOf(`${lines(init, begin('a'))}{"phase":"en`);
    assert.equal(killed?.requestId, 'a');
    assert.equal(killed?.durationMs, undefined);
  });

  it('finds nothing in nothing', () => {
    assert.deepEqual(invocationsOf(''), []);
  });
});
