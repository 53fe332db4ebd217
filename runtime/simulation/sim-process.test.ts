import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BugSwitch } from './planted-bugs.ts';
import { GOOD_NETWORK, SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimWorld } from './sim-world.ts';

const LIMITS = { maxEvents: 10_000, maxTimeMs: 10_000 };
const SOON = { requestMs: 1, responseMs: 1 };

function setUp(): { world: SimWorld; host: SimProcess; seen: string[] } {
  const world = new SimWorld(3);
  return { world, host: new SimProcess(world, 'p', 0), seen: [] };
}

async function until(world: SimWorld, atMs: number): Promise<void> {
  let done = false;
  world.schedule(atMs - world.nowMs, 'until', () => {
    done = true;
  });
  await world.run(() => done, LIMITS);
}

describe('SimProcess', () => {
  it('hears nothing and does nothing once it is dead; what was under way happens', async () => {
    const { world, host, seen } = setUp();
    host
      .call('first', SOON, async () => void seen.push('first done'))
      .then(
        () => seen.push('first heard'),
        () => seen.push('first failed'),
      );
    world.schedule(0.5, 'kill', () => {
      host.kill();
      host.call('second', SOON, async () => void seen.push('second done')).catch(() => {});
      host.timers.schedule(1, () => seen.push('timer'));
    });
    await until(world, 50);
    assert.deepEqual(seen, ['first done']);
  });

  it('goes on late, as a zombie, with what it was about to do when it stalled', async () => {
    const { world, host, seen } = setUp();
    host.timers.schedule(5, () => seen.push(`timer at ${Math.floor(world.nowMs)}`));
    host.stall();
    host.effect(() => seen.push(`effect at ${Math.floor(world.nowMs)}`));
    world.schedule(100, 'wake', () => host.wake());
    await until(world, 200);
    assert.deepEqual(seen, ['effect at 100', 'timer at 100']);
  });

  it('is struck by a fuse after the effects it was given', async () => {
    const { world, host, seen } = setUp();
    host.light({ effectsLeft: 2, strike: () => host.kill() });
    for (const name of ['a', 'b', 'c', 'd']) host.effect(() => seen.push(name));
    await until(world, 1);
    assert.deepEqual(seen, ['a', 'b']);
    assert.equal(host.state, 'dead');
  });

  it('has a wall clock that jumps and a monotonic clock that does not', async () => {
    const { world, host } = setUp();
    const [wallMs, steadyMs] = [host.clock.nowEpochMs(), host.clock.monotonicMs()];
    host.jumpClock(-5000);
    await until(world, 10);
    assert.equal(host.clock.nowEpochMs(), wallMs - 5000 + 10);
    assert.equal(host.clock.monotonicMs(), steadyMs + 10);
  });
});

describe('SimNetwork', () => {
  it('loses, repeats and reorders until it is healed', async () => {
    const world = new SimWorld(5);
    const network = new SimNetwork(
      world,
      {
        ...GOOD_NETWORK,
        lossRate: 0.3,
        duplicateRate: 0.3,
        maxDelayMs: 50,
      },
      new BugSwitch(),
    );
    const host = new SimProcess(world, 'p', 0);
    let seen: number[] = [];
    network.bind('here', host, (message) => seen.push(message as number));
    const sent = Array.from({ length: 50 }, (_, i) => i);
    for (const i of sent) network.send(host, 'here', i);
    await until(world, 100);
    assert.ok(new Set(seen).size < 50, 'some are lost');
    assert.ok(seen.length > new Set(seen).size, 'some come twice');
    assert.notDeepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    network.heal();
    seen = [];
    for (const i of sent) network.send(host, 'here', i);
    await until(world, 200);
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      sent,
    );
  });

  it('delivers nothing to or from a process that is cut off', async () => {
    const world = new SimWorld(5);
    const network = new SimNetwork(world, GOOD_NETWORK, new BugSwitch());
    const [a, b] = [new SimProcess(world, 'a', 0), new SimProcess(world, 'b', 0)];
    const seen: unknown[] = [];
    network.bind('b', b, (message) => seen.push(message));
    network.cutOff(a);
    network.send(a, 'b', 'lost');
    await until(world, 10);
    network.join(a);
    network.send(a, 'b', 'heard');
    await until(world, 20);
    assert.deepEqual(seen, ['heard']);
  });

  it('gives nothing to a receiver that has left before its process wakes', async () => {
    const world = new SimWorld(5);
    const network = new SimNetwork(world, GOOD_NETWORK, new BugSwitch());
    const host = new SimProcess(world, 'p', 0);
    const [left, stayed]: [unknown[], unknown[]] = [[], []];
    const leave = network.bind('left', host, (message) => left.push(message));
    network.bind('stayed', host, (message) => stayed.push(message));
    host.timers.schedule(5, leave);
    host.stall();
    world.schedule(10, 'send', () => {
      const peer = new SimProcess(world, 'peer', 0);
      for (const address of ['left', 'stayed']) network.send(peer, address, 'late');
    });
    world.schedule(50, 'wake', () => host.wake());
    await until(world, 100);
    assert.deepEqual([left, stayed], [[], ['late']]);
  });
});
