import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConnectorWorld } from '../connector-world.conformance.ts';
import { testSinkConformance } from '../sink.conformance.ts';
import { collectSink } from './collect-sink.ts';

testSinkConformance({
  name: 'collect',
  sink: () => collectSink<number>('c'),
  values: [1, 2, 3, 4, 5],
  visible: async ({ delivered }) => delivered as number[],
});

describe('collectSink', () => {
  it('suspends until the client has taken what was delivered', async () => {
    const world = new ConnectorWorld();
    const taken = Promise.withResolvers<void>();
    const writer = await collectSink<number>('c').createWriter(world.sinkContext());
    void writer.write(1, 0, 0);
    assert.equal(writer.suspension?.(), undefined);
    world.backPressure = taken.promise;
    void writer.write(2, 0, 0);
    const suspension = writer.suspension?.();
    assert.ok(suspension instanceof Promise);
    taken.resolve();
    await suspension;
    assert.deepEqual(world.delivered, [1, 2]);
  });
});
