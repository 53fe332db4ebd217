/** What the golden tests of the examples have in common. Not part of any job. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobFunction } from 'sluice';
import { runJob } from 'sluice/testing';

/** Results are the same whatever the parallelism. */
export const PARALLELISMS: readonly number[] = [1, 2, 4];

/**
 * Runs a job to its end in this process, in a fresh output directory, and reads what it wrote.
 *
 * @param argsFor the job's arguments, given the output directory.
 * @param read takes what it needs out of the directory, which is gone afterwards.
 * @throws the job's failure, as an assertion.
 */
export async function runGolden<T>(
  job: JobFunction,
  argsFor: (outputDirectory: string) => readonly string[],
  parallelism: number,
  read: (outputDirectory: string, printed: string) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-golden-'));
  try {
    const directory = join(root, 'output');
    const outcome = await runJob(job, { args: argsFor(directory), parallelism });
    assert.equal(outcome.result.status, 'FINISHED', outcome.result.error?.message);
    return await read(directory, outcome.printed);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The lines of all files below a directory, files in the order of their names. */
export async function linesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
}

/** Lines of a checked-in file beside a test. */
export async function linesOf(url: URL): Promise<string[]> {
  return (await readFile(url, 'utf8')).split('\n').filter((line) => line !== '');
}
