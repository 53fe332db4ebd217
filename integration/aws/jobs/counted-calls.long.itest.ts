/**
 * The cost model against counted calls: what a run on the emulated AWS calls, by service and by
 * kind of request, is what `runtime/adapters/aws/cost` expects of such a run, within a tenth.
 *
 * The model is told what a bill would not be estimated without: how long records came, how many
 * and how large, how many checkpoints completed, and how often Lambda let another process of the
 * coordinator take a turn. A small count may be off by as many calls as four.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InjectingProxy } from '../injecting-proxy.ts';
import { type CountedProgram, countedRun } from './counted-run.ts';
import { DeployedCluster } from './deployed-cluster.ts';
import { comparisonText } from './request-classes.ts';

const WITHIN = 0.1;
const FEW_CALLS = 4;

function pacedWords(parallelism: number, ratePerSecond: number): CountedProgram {
  const count = ratePerSecond * 25;
  const keys = 50;
  return {
    jobFile: 'integration/aws/jobs/programs/paced-words.ts',
    args: [ratePerSecond, count, keys].map(String),
    ...{ parallelism, ratePerSecond, count, keys, checkpointIntervalMs: 4_000 },
  };
}

describe('counted calls', () => {
  const proxy = new InjectingProxy({ seed: 1 });
  let cluster: DeployedCluster;
  before(async () => {
    cluster = await DeployedCluster.deploy({}, false, { frontDoor: proxy });
  });
  after(async () => {
    await cluster?.stop();
  });

  for (const [parallelism, what] of [
    [1, 'a word count in one TaskManager'],
    [2, 'a keyed hop between two'],
    [3, 'a keyed hop between three'],
  ] as const) {
    it(`are as the cost model expects: ${what}`, async () => {
      const compared = await countedRun(cluster, proxy, pacedWords(parallelism, 200));
      const { classes } = compared;
      const table = comparisonText(classes);
      const { takeOvers, pollMs } = compared.seen;
      const seen = `takeOvers=${takeOvers} pollMs=${pollMs.toFixed(0)}`;
      process.stdout.write(`${what} ${seen}\n${table}\n`);
      const off = classes.filter(
        ({ counted, expected, deviation }) =>
          Math.abs(deviation) > WITHIN && Math.abs(expected - counted) > FEW_CALLS,
      );
      assert.deepEqual(
        off.map(({ name }) => name),
        [],
        `${table}\n\n${compared.text}`,
      );
    });
  }
});
