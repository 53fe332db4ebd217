import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryGuarantee } from './sink.ts';
import { sinksBelow, sinksBelowMessage } from './sink-guarantees.ts';

const named = (guarantee: DeliveryGuarantee) => ({
  operatorName: `Sink ${guarantee}`,
  sink: { name: guarantee.toLowerCase(), guarantee },
});
const SINKS = [named('AT_LEAST_ONCE'), named('EXACTLY_ONCE'), named('NONE')];

describe('sinksBelow', () => {
  it('names the sinks that give less than the checkpointing mode', () => {
    const below = (mode: DeliveryGuarantee) =>
      sinksBelow(mode, SINKS).map(({ sink }) => sink.guarantee);
    assert.deepEqual(below('EXACTLY_ONCE'), ['AT_LEAST_ONCE', 'NONE']);
    assert.deepEqual(below('AT_LEAST_ONCE'), ['NONE']);
    assert.deepEqual(below('NONE'), []);
  });

  it('makes one line of them, and none of none', () => {
    assert.equal(
      sinksBelowMessage('EXACTLY_ONCE', SINKS),
      "sinks give less than the EXACTLY_ONCE of the job's checkpoints, after a failure their " +
        'output may repeat or lack records: "Sink AT_LEAST_ONCE" (at_least_once) AT_LEAST_ONCE, ' +
        '"Sink NONE" (none) NONE',
    );
    assert.equal(sinksBelowMessage('EXACTLY_ONCE', SINKS.slice(1, 2)), undefined);
  });
});
