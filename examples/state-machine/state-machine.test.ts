import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linesBelow, PARALLELISMS, runGolden } from '../golden.ts';
import { parseArguments } from './arguments.ts';
import { EVENTS, legalEvents, STATES, transition } from './connection.ts';
import { eventAt, SPLIT_COUNT } from './events.ts';
import stateMachine, { type Alert } from './job.ts';
import { compareAlerts, endIndexesOf, endIndexesReached, expectedAlerts } from './oracle.ts';

const EVENT_COUNT = 40_003;

describe('state-machine', () => {
  for (const parallelism of PARALLELISMS) {
    it(`writes exactly the alerts the oracle knows at parallelism ${parallelism}`, async () => {
      const lines = await runGolden(
        stateMachine,
        (output) => ['--events', `${EVENT_COUNT}`, '--seed', '7', '--output', output],
        parallelism,
        linesBelow,
      );
      const alerts = lines.map((line) => JSON.parse(line) as Alert);
      assert.equal(alerts.length, expectedAlerts(7, endIndexesOf(EVENT_COUNT)).length);
      const difference = compareAlerts(7, alerts, endIndexesOf(EVENT_COUNT));
      assert.deepEqual(difference, { lost: [], repeated: [], wrong: [] });
    });
  }

  it('prints when no output is given', async () => {
    const printed = await runGolden(
      stateMachine,
      () => ['--events', '5000'],
      1,
      async (_directory, text) => text.trim().split('\n'),
    );
    const alerts = printed.map((line) => JSON.parse(line) as Alert);
    assert.deepEqual(compareAlerts(1, alerts), { lost: [], repeated: [], wrong: [] });
  });

  it('makes events that never end slowly, unless it is told otherwise', () => {
    assert.deepEqual(parseArguments([]), { seed: 1, ratePerSecond: 1000 });
    assert.equal(parseArguments(['--rate', '20000']).ratePerSecond, 20_000);
    assert.deepEqual(parseArguments(['--events', '5']), { seed: 1, eventCount: 5 });
  });

  it('refuses arguments it does not know, by name', () => {
    for (const [args, problem] of [
      [['--events', '1.5'], /--events must be a whole number/],
      [['--rate', '0'], /--rate must be a number above 0, not 0/],
      [['--seed', 'x'], /--seed must be a whole number/],
      [['--sed', '1'], /--sed/],
    ] as const) {
      assert.throws(() => parseArguments(args), { code: 'BAD_ARGUMENTS', message: problem });
    }
  });
});

describe('eventAt', () => {
  it('makes the same event for the same seed and position, another for another seed', () => {
    const types = (seed: number) =>
      Array.from({ length: 20_000 }, (_, position) => eventAt(seed, position).type).join();
    assert.equal(types(3), types(3));
    assert.notEqual(types(3), types(4));
  });

  it('keeps each address in one split and numbers the events of a split', () => {
    const splits = new Map<string, number>();
    for (let position = 0; position < 10_000; position += 1) {
      const { address, split, index } = eventAt(1, position);
      assert.equal(index * SPLIT_COUNT + split, position);
      assert.equal(splits.get(address) ?? split, split);
      splits.set(address, split);
    }
    assert.equal(splits.size, 512);
  });

  it('visits every legal transition, and one event in about thirty is illegal', () => {
    const alerts = expectedAlerts(1, endIndexesOf(100_000));
    assert.ok(alerts.length > 2500 && alerts.length < 4500, `${alerts.length} alerts`);
    assert.deepEqual(new Set(alerts.map(({ state }) => state)), new Set(STATES));
    for (const state of STATES) assert.ok(legalEvents(state).length >= 2);
    assert.deepEqual(transition('closing', 'send'), undefined);
    assert.equal(EVENTS.length, 7);
  });
});

describe('compareAlerts', () => {
  const alerts = expectedAlerts(1, endIndexesOf(8000));

  it('finds what is lost, repeated or wrong', () => {
    const [first, second, ...rest] = alerts;
    assert.ok(first !== undefined && second !== undefined);
    const forged = { ...second, eventNumber: second.eventNumber + 1 };
    assert.deepEqual(compareAlerts(1, [first, first, forged, ...rest]), {
      lost: [second],
      repeated: [first],
      wrong: [forged],
    });
  });

  it('takes a job that stopped anywhere for right when each split is whole up to its last', () => {
    const part = alerts.filter(({ split, index }) => index < 300 + split * 40);
    assert.deepEqual(compareAlerts(1, part), { lost: [], repeated: [], wrong: [] });
    assert.equal(endIndexesReached([]).join(), '0,0,0,0,0,0,0,0');
  });
});
