import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimRng } from './sim-rng.ts';
import { SimWorld } from './sim-world.ts';

const LIMITS = { maxEvents: 1000, maxTimeMs: 1000 };

async function order(seed: number): Promise<{ order: string; hash: string }> {
  const world = new SimWorld(seed);
  const seen: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    world.schedule(5, name, () => {
      Promise.resolve()
        .then(() => Promise.resolve())
        .then(
          () => seen.push(`${name}!`),
          () => seen.push('failed'),
        );
      seen.push(name);
    });
  }
  world.schedule(1, 'first', () => seen.push('first'));
  await world.run(() => seen.length === 11, LIMITS);
  return { order: seen.join(' '), hash: world.traceHash };
}

describe('SimWorld', () => {
  it('runs events of one moment in an order that is the same for a seed', async () => {
    const first = await order(1);
    assert.deepEqual(await order(1), first);
    const others = await Promise.all([2, 3, 4].map(order));
    assert.ok(others.some((other) => other.order !== first.order));
    assert.match(first.order, /^first /);
  });

  it('settles every promise before the next event', async () => {
    const { order: seen } = await order(1);
    assert.match(seen, /^first (\w \w! ?)+$/);
  });

  it('counts it as a violation when nothing is left to happen or there is no end', async () => {
    const empty = new SimWorld(1);
    await empty.run(() => false, LIMITS);
    assert.match(empty.violations[0] ?? '', /nothing is left/);
    const endless = new SimWorld(1);
    const again = (): void => void endless.schedule(0, 'again', again);
    again();
    await endless.run(() => false, LIMITS);
    assert.match(endless.violations[0] ?? '', /no end in sight/);
  });

  it('does not run what was cancelled', async () => {
    const world = new SimWorld(1);
    const seen: string[] = [];
    const cancel = world.schedule(1, 'never', () => seen.push('never'));
    world.schedule(2, 'end', () => seen.push('end'));
    cancel();
    await world.run(() => seen.length > 0, LIMITS);
    assert.deepEqual(seen, ['end']);
  });
});

describe('SimRng', () => {
  it('gives streams that depend on their names only', () => {
    const a = new SimRng(7);
    a.next();
    assert.equal(a.stream('x').next(), new SimRng(7).stream('x').next());
    assert.notEqual(a.stream('x').next(), a.stream('y').next());
  });
});
