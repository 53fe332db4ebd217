import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelAudit } from './channel-audit.ts';
import { BugSwitch } from './planted-bugs.ts';
import { SimExchange } from './sim-exchange.ts';
import { type NetworkFaults, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimWorld } from './sim-world.ts';

const HOSTILE: NetworkFaults = {
  lossRate: 0.2,
  duplicateRate: 0.3,
  minDelayMs: 0.1,
  maxDelayMs: 20,
  stragglerRate: 0.05,
  stragglerMs: 300,
};
const CHANNEL = { edgeId: 0, fromSubtask: 0, toSubtask: 1 };
const RECORDS = 300;

/** One end of a channel: a process that pumps whenever it is woken. */
function endOf(
  world: SimWorld,
  network: SimNetwork,
  name: string,
  attempt: number,
  audit = new ChannelAudit((what) => world.violate(what)),
) {
  const host = new SimProcess(world, name, 0);
  const end: { fenced: boolean; work: () => void } = { fenced: false, work: () => undefined };
  const exchange: SimExchange = new SimExchange({
    network,
    host,
    identity: { job: 'j', attempt, lease: 0 },
    windowFrames: 3,
    audit,
    resume: {},
    wake: () => end.work(),
    onFenced: () => {
      end.fenced = true;
    },
  });
  return { exchange, end };
}

describe('SimExchange', () => {
  it('carries every record once and in order over a hostile network', async () => {
    const world = new SimWorld(9);
    const network = new SimNetwork(world, HOSTILE, new BugSwitch());
    const audit = new ChannelAudit((what) => world.violate(what));
    const from = endOf(world, network, 'from', 1, audit);
    const to = endOf(world, network, 'to', 1, audit);
    const writer = from.exchange.openWriter(CHANNEL, undefined, true);
    const reader = to.exchange.openReader(CHANNEL, true);
    const seen: unknown[] = [];
    let ended = false;
    const sink = {
      record: (value: unknown, timestampMs: number, keyGroup: number) =>
        seen.push([value, timestampMs, keyGroup]),
      watermark: () => undefined,
      idle: () => undefined,
      barrier: () => undefined,
      end: () => {
        ended = true;
      },
      endOfPartition: () => undefined,
    };
    from.end.work = () => {
      do writer.drain();
      while (from.exchange.pump());
    };
    to.end.work = () => {
      do reader.poll(sink, 100);
      while (to.exchange.pump());
    };
    for (let i = 0; i < RECORDS; i += 1) writer.writeRecord({ i, text: `record ${i}` }, i, i % 7);
    writer.writeEnd();
    from.end.work();
    await world.run(() => ended, { maxEvents: 100_000, maxTimeMs: 1_000_000 });
    assert.deepEqual(world.violations, []);
    const expected = Array.from({ length: RECORDS }, (_, i) => [
      { i, text: `record ${i}` },
      i,
      i % 7,
    ]);
    assert.deepEqual(seen, expected);
  });

  it('drops frames of an attempt that is over and stops the slots of it', async () => {
    const world = new SimWorld(9);
    const network = new SimNetwork(world, { ...HOSTILE, lossRate: 0 }, new BugSwitch());
    const zombie = endOf(world, network, 'zombie', 1);
    const successor = endOf(world, network, 'successor', 2);
    const writer = zombie.exchange.openWriter(CHANNEL, undefined, false);
    const reader = successor.exchange.openReader(CHANNEL, false);
    writer.writeRecord({ old: true }, 0, -1);
    writer.flush();
    zombie.exchange.pump();
    // The successor's own sender: what it says fences the zombie's receiver.
    const heard = zombie.exchange.openReader({ ...CHANNEL, edgeId: 1 }, false);
    const fresh = successor.exchange.openWriter({ ...CHANNEL, edgeId: 1 }, undefined, false);
    fresh.writeRecord({ old: false }, 0, -1);
    fresh.flush();
    successor.exchange.pump();
    let over = false;
    world.schedule(500, 'over', () => {
      over = true;
    });
    await world.run(() => over, { maxEvents: 100_000, maxTimeMs: 10_000 });
    successor.exchange.pump();
    zombie.exchange.pump();
    assert.equal(reader.bytesRead, 0);
    assert.equal(heard.bytesRead, 0);
    assert.equal(zombie.end.fenced, true);
    assert.equal(successor.end.fenced, false);
  });
});
