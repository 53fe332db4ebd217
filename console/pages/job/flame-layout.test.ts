import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flameFrames, hottest } from './flame-layout.ts';
import { spansOf } from './state-spans.ts';

const leaf = (name: string, value: number) => ({ name, value, children: [] });
const ROOT = {
  name: 'root',
  value: 100,
  children: [
    { name: 'a', value: 60, children: [leaf('b', 20), leaf('c', 30)] },
    { name: 'd', value: 40, children: [leaf('b', 40)] },
  ],
};

describe('flameFrames', () => {
  it('puts callees under who calls them, beside one another', () => {
    const frames = flameFrames(ROOT).map(({ node, depth, left, width }) => {
      return `${node.name} ${depth} ${left.toFixed(2)} ${width.toFixed(2)}`;
    });
    assert.deepEqual(frames.toSorted(), [
      ...['a 1 0.00 0.60', 'b 2 0.00 0.20', 'b 2 0.60 0.40'],
      ...['c 2 0.20 0.30', 'd 1 0.60 0.40', 'root 0 0.00 1.00'],
    ]);
  });

  it('leaves out what cannot be seen', () => {
    const root = { ...leaf('root', 100_000), children: [leaf('a', 99_990), leaf('b', 10)] };
    assert.deepEqual(
      flameFrames(root).map(({ node }) => node.name),
      ['root', 'a'],
    );
  });
});

describe('hottest', () => {
  it('adds up the own time of a function, wherever it is called', () => {
    assert.deepEqual(hottest(ROOT, 2), [
      { name: 'b', share: 0.6 },
      { name: 'c', share: 0.3 },
    ]);
  });
});

describe('spansOf', () => {
  it('puts states one after the other, up to now or the end', () => {
    const times = { CREATED: 10, RUNNING: 20, DEPLOYING: 12, FAILED: 0 };
    assert.deepEqual(spansOf(times, 50), [
      { state: 'CREATED', from: 10, to: 12 },
      { state: 'DEPLOYING', from: 12, to: 20 },
      { state: 'RUNNING', from: 20, to: 50 },
    ]);
    assert.deepEqual(spansOf({ RUNNING: 20, FINISHED: 30 }, 50), [
      { state: 'RUNNING', from: 20, to: 30 },
    ]);
    assert.deepEqual(spansOf({}, 50), []);
  });
});
