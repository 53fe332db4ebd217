import { MemoryBlobStore, VirtualTime } from '../adapters/index.ts';
import { CommittedOutput } from './committed-output.ts';
import { startJob } from './run-job.ts';
import { EXAMPLE_COUNT, EXAMPLE_RATE, savepointExampleJob } from './savepoint-example-job.ts';

const HALF_WAY_MS = (EXAMPLE_COUNT / EXAMPLE_RATE / 2) * 1000;
const TARGET = '/savepoints';

/**
 * Runs the example job half-way at parallelism 2; the files of its savepoint, by name.
 *
 * @internal for `scripts/write-savepoint-example.ts`
 */
export async function takeExampleSavepoint(): Promise<ReadonlyMap<string, Uint8Array>> {
  // Little enough that some states become blobs and others stay in the manifest.
  const blobs = Object.assign(new MemoryBlobStore(), { inlineLimitBytes: 500 });
  const time = new VirtualTime();
  const output = new CommittedOutput();
  const { master, outcome } = await startJob(
    (env) => savepointExampleJob(env, (name) => output.exactlyOnce(name)),
    { blobs, time, parallelism: 2 },
  );
  const stopped = new Promise<string>((resolve, reject) => {
    time.schedule(HALF_WAY_MS, () => {
      master.stopWithSavepoint({ drain: false, target: TARGET }).then(resolve, reject);
    });
  });
  const path = await stopped;
  await outcome;
  const files = new Map<string, Uint8Array>();
  for (const { location } of await blobs.list(path)) {
    files.set(location.slice(path.length + 1), await blobs.get(location));
  }
  return files;
}
