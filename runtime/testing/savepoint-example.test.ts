import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DirectoryBlobStore } from '../adapters/index.ts';
import { decodeManifest } from '../checkpoint/index.ts';
import { CommittedOutput } from './committed-output.ts';
import { runJob } from './run-job.ts';
import { takeExampleSavepoint } from './savepoint-example.ts';
import { savepointExampleJob } from './savepoint-example-job.ts';

const EXAMPLES = join(import.meta.dirname, '../../docs/formats/examples');

async function outputOf(parallelism: number, savepoint?: string): Promise<readonly string[]> {
  const output = new CommittedOutput();
  const { result } = await runJob(
    (env) => savepointExampleJob(env, (name) => output.exactlyOnce(name)),
    {
      parallelism,
      // Another job id than the savepoint's.
      seed: 7,
      ...(savepoint === undefined
        ? {}
        : {
            blobs: new DirectoryBlobStore(),
            configuration: { 'execution.state-recovery.path': savepoint },
          }),
    },
  );
  assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
  return output.texts;
}

describe('savepoints of earlier formats', () => {
  for (const example of readdirSync(EXAMPLES)) {
    for (const parallelism of [1, 2, 3]) {
      it(`restores ${example} at parallelism ${parallelism} to the output of one run`, async () => {
        const straight = await outputOf(1);
        assert.ok(straight.length > 800, `a run with output: ${straight.length}`);
        assert.deepEqual(await outputOf(parallelism, join(EXAMPLES, example)), straight);
      });
    }
  }

  it('has an example of the format that is written today', async () => {
    const { formatVersion } = decodeManifest(
      (await takeExampleSavepoint()).get('_metadata') ?? new Uint8Array(),
      '_metadata',
    );
    assert.ok(readdirSync(EXAMPLES).includes(`savepoint-${formatVersion}`));
  });
});
