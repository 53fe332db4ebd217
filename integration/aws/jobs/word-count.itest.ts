/**
 * The job of the laptop, unchanged, on the emulated AWS: the same words with the same counts.
 * Signatures and policies are enforced: the template's grants suffice for all of a job's life.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPOSITORY_ROOT } from '../../../scripts/source-files.ts';
import { DeployedCluster } from './deployed-cluster.ts';

const JOB = 'examples/word-count/job.ts';
const LINE = /^(?:\d+> )?(\{"word".*\})$/;

/** Without which subtask printed them; sorted. */
function counts(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => LINE.exec(line)?.[1] ?? []).toSorted();
}

function localCounts(parallelism: number): readonly string[] {
  const launcher = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
  const args = [launcher, 'run', '-p', `${parallelism}`, JOB];
  return counts(
    execFileSync(process.execPath, args, { cwd: REPOSITORY_ROOT, encoding: 'utf8' }).split('\n'),
  );
}

describe('word count on a deployed cluster', () => {
  let cluster: DeployedCluster;
  before(async () => {
    cluster = await DeployedCluster.deploy({}, true);
  });
  after(async () => {
    await cluster?.stop();
  });

  for (const parallelism of [1, 3]) {
    it(`prints what the local run prints, at parallelism ${parallelism}`, async () => {
      const expected = localCounts(parallelism);
      assert.ok(expected.length > 100);
      const jobId = await cluster.submit(JOB, { parallelism });
      const end = await cluster.ended(jobId);
      assert.equal(end.status, 'FINISHED', end.rootException);
      assert.deepEqual(counts(await cluster.printed(jobId, expected.length)), expected);
    });
  }
});
