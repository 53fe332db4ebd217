import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseKey } from '../checkpoint/index.ts';
import { allocateRing, ChannelWriter, RingReader, RingWriter } from '../exchange/index.ts';
import { ChannelAudit } from './channel-audit.ts';
import { BugSwitch } from './planted-bugs.ts';
import { GOOD_NETWORK, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimWorld } from './sim-world.ts';
import { AuditedStorage } from './storage-audit.ts';

const KEY = leaseKey('a'.repeat(32), 1);
const LEFT = { checkpointId: 1, slots: [], links: {} };

/** Violations after these rows were written, one after the other. */
async function afterLeases(...rows: readonly unknown[]): Promise<readonly string[]> {
  const found: string[] = [];
  const violate = (what: string) => found.push(what);
  const storage = new AuditedStorage({ directory: 'd', violate });
  const store = storage.leaseStore();
  for (const value of rows) await store.write([{ type: 'put', ...KEY, value }]);
  return found;
}

describe('AuditedStorage, of leases (I4)', () => {
  const first = { attempt: 0, lease: 0, holder: 'p' };
  const second = { attempt: 0, lease: 1, holder: 'q' };

  it('is content with leases that are left and followed, also by a newer attempt', async () => {
    const left = { ...first, left: LEFT };
    const newer = { attempt: 2, lease: 0, holder: 'r' };
    assert.deepEqual(await afterLeases(first, first, left, left, second, newer), []);
  });

  it('sees a lease that follows one that was not left, or is not the next one', async () => {
    assert.equal((await afterLeases(first, second)).length, 1);
    assert.equal((await afterLeases({ ...first, left: LEFT }, { ...second, lease: 2 })).length, 1);
    assert.equal((await afterLeases(second)).length, 1);
    assert.equal((await afterLeases(first, { ...second, attempt: 1 })).length, 1);
  });

  it('sees a second holder, and a lease or an attempt that comes again', async () => {
    assert.equal((await afterLeases(first, { ...first, holder: 'q' })).length, 1);
    assert.equal((await afterLeases({ ...first, left: LEFT }, first)).length, 1);
    assert.equal((await afterLeases({ ...first, left: LEFT }, second, first)).length, 1);
    assert.equal((await afterLeases({ ...first, attempt: 1 }, first)).length, 1);
  });

  it('sees what is no lease', async () => {
    const found: string[] = [];
    const violate = (what: string) => found.push(what);
    const store = new AuditedStorage({ directory: 'd', violate }).leaseStore();
    await store.write([{ type: 'put', ...KEY, sortKey: 'coordinator', value: {} }]);
    await store.write([{ type: 'put', ...KEY, value: first }]);
    await store.write([{ type: 'delete', ...KEY }]);
    assert.equal(found.length, 2);
  });
});

describe('ChannelAudit', () => {
  const ends = () => {
    const found: string[] = [];
    const audit = new ChannelAudit((what) => found.push(what));
    const id = { edgeId: 0, fromSubtask: 0, toSubtask: 0 };
    return { found, ...audit.ends('j', 0, id) };
  };
  const watermarks = (...values: readonly number[]): Uint8Array[] => {
    const memory = allocateRing(1024);
    const writer = new ChannelWriter({ ring: new RingWriter(memory), keyed: false });
    for (const value of values) writer.writeWatermark(value);
    const ring = new RingReader(memory);
    return values.map(() => {
      const frame = ring.poll();
      assert.ok(frame !== undefined);
      const bytes = Uint8Array.from(frame.bytes.subarray(frame.start, frame.end));
      ring.release();
      return bytes;
    });
  };

  it('lets frames that were given back come again, with the watermarks among them', () => {
    const { sent, taken, untaken, found } = ends();
    const frames = watermarks(1, 2, 3);
    for (const frame of frames) sent(frame);
    for (const frame of frames) taken(frame);
    untaken();
    untaken();
    for (const frame of frames.slice(1)) taken(frame);
    assert.deepEqual(found, []);
  });

  it('sees one that was given back and is left out, or comes twice', () => {
    const skipped = ends();
    const frames = watermarks(1, 2, 3);
    for (const frame of frames) skipped.sent(frame);
    for (const frame of frames.slice(0, 2)) skipped.taken(frame);
    skipped.untaken();
    for (const frame of frames.slice(2)) skipped.taken(frame);
    assert.match(skipped.found.join(), /I1: frame 1 of channel/);
    const twice = ends();
    for (const frame of frames) twice.sent(frame);
    for (const frame of frames.slice(0, 2)) twice.taken(frame);
    for (const frame of frames.slice(1)) twice.taken(frame);
    assert.match(twice.found.join(), /I1: frame 2 of channel/);
  });

  it('sees a watermark that goes back', () => {
    const { sent, taken, found } = ends();
    for (const frame of watermarks(4, 3)) {
      sent(frame);
      taken(frame);
    }
    assert.match(found.join(), /I2: a watermark/);
  });
});

describe('SimNetwork.putBack', () => {
  const worldOf = (duplicateRate = 0) => {
    const world = new SimWorld(3);
    const faults = { ...GOOD_NETWORK, lossRate: 1, duplicateRate };
    const network = new SimNetwork(world, faults, new BugSwitch());
    const from = new SimProcess(world, 'from', 0);
    const run = async (ms: number) => {
      let over = false;
      world.schedule(ms, 'over', () => {
        over = true;
      });
      await world.run(() => over, { maxEvents: 10_000, maxTimeMs: 100_000 });
    };
    return { world, network, from, run };
  };

  it('is not lost, though all else is: it comes once somebody is there', async () => {
    const { world, network, from, run } = worldOf();
    const heard: unknown[] = [];
    network.send(from, 'a', 'lost');
    let isDurable = false;
    network.putBack(from, 'a', 'kept').then(
      () => {
        isDurable = true;
      },
      () => undefined,
    );
    await run(50);
    assert.equal(isDurable, true);
    const dead = new SimProcess(world, 'dead', 0);
    network.bind('a', dead, () => assert.fail('it is dead'));
    dead.kill();
    const to = new SimProcess(world, 'to', 0);
    network.bind('a', to, (message) => heard.push(message));
    await run(100);
    assert.deepEqual(heard, ['kept']);
  });

  it('goes on to the next one where it is not taken', async () => {
    const { world, network, from, run } = worldOf();
    const heard: string[] = [];
    const refuser = new SimProcess(world, 'refuser', 0);
    const unbind = network.bind('a', refuser, () => {
      heard.push('refused');
      return false;
    });
    network.putBack(from, 'a', 'm').catch(() => undefined);
    await run(20);
    unbind();
    network.bind('a', new SimProcess(world, 'to', 0), () => heard.push('taken'));
    await run(100);
    assert.equal(heard[0], 'refused');
    assert.deepEqual(
      heard.filter((what) => what === 'taken'),
      ['taken'],
    );
  });

  it('may come twice', async () => {
    const { world, network, from, run } = worldOf(1);
    const heard: unknown[] = [];
    network.bind('a', new SimProcess(world, 'to', 0), (message) => heard.push(message));
    network.putBack(from, 'a', 'm').catch(() => undefined);
    await run(100);
    assert.deepEqual(heard, ['m', 'm']);
  });
});
