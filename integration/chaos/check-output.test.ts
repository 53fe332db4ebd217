import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { endIndexesOf, expectedAlerts } from '../../examples/state-machine/index.ts';
import { checkOutput } from './check-output.ts';

const EVENTS = 4000;
const truth = expectedAlerts(5, endIndexesOf(EVENTS)).map((alert) => JSON.stringify(alert));

async function faultsOf(
  files: Readonly<Record<string, readonly string[]>>,
  events?: number,
): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  try {
    for (const [name, lines] of Object.entries(files)) {
      await writeFile(join(directory, name), lines.map((line) => `${line}\n`).join(''));
    }
    const { faults } = await checkOutput(directory, 5, events);
    return faults.map((fault) => fault.replace(/:.*/, ''));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe('checkOutput', () => {
  it('finds nothing in the right output, whatever hidden files there are', async () => {
    const half = truth.length >> 1;
    const files = { a: truth.slice(0, half), b: truth.slice(half), '.c.inprogress': truth };
    assert.deepEqual(await faultsOf(files, EVENTS), []);
  });

  it('finds what is lost, repeated, wrong or broken', async () => {
    const [first = '', second = '', ...rest] = truth;
    const broken = { a: [first, first, second.slice(0, 9)], b: rest };
    assert.deepEqual(await faultsOf(broken, EVENTS), [
      'a line that is no alert',
      '1 lost',
      '1 repeated',
    ]);
    const wrong = { a: [first.replace(/"eventNumber":\d+/, '"eventNumber":0'), second, ...rest] };
    assert.deepEqual(await faultsOf(wrong, EVENTS), ['1 lost', '1 wrong']);
  });

  it('finds a lost end only when it is told how many events there were', async () => {
    const cut = { a: truth.slice(0, -1) };
    assert.deepEqual(await faultsOf(cut), []);
    assert.deepEqual(await faultsOf(cut, EVENTS), ['1 lost']);
  });
});
