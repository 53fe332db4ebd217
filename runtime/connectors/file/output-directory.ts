/** The directory a file sink writes to: what may be there before, and what is there. */
import { type FileStatus, type FileSystem, StreamError } from '../../core/index.ts';
import { isHidden } from './find-files.ts';
import {
  type PartNaming,
  type PartOwner,
  parseInProgressName,
  parsePartName,
} from './part-name.ts';

/**
 * `fail`: files in the directory refuse the job; hidden ones do not count. A job that goes on from
 * a checkpoint appends: what is there may be its own output, or waits to be committed.
 */
export type OutputMode = 'fail' | 'overwrite' | 'append';

const PROBE_NAME = '.sluice-write-probe';

/**
 * Makes the directory ready, in the client, before anything has started.
 *
 * @throws {StreamError} `OUTPUT_EXISTS`, `OUTPUT_NOT_WRITABLE`.
 */
export async function prepareOutputDirectory(
  fileSystem: FileSystem,
  directory: string,
  mode: OutputMode,
  naming: PartNaming,
): Promise<void> {
  const status = await fileSystem.stat(directory);
  if (status?.kind === 'file') {
    throw notWritable(fileSystem, directory, 'it is a file; name a directory');
  }
  try {
    if (status === undefined) await fileSystem.makeDirectory(directory);
    const probe = `${directory}/${PROBE_NAME}`;
    await (await fileSystem.openWrite(probe)).close();
    await fileSystem.remove(probe);
  } catch (thrown) {
    const reason = 'check its permissions, or name another directory';
    throw notWritable(fileSystem, directory, reason, thrown);
  }
  if (mode === 'append') return;
  const files = await filesBelow(fileSystem, directory);
  if (mode === 'overwrite') {
    const parts = files.filter(({ path }) => parsePartName(naming, baseName(path)) !== undefined);
    for (const { path } of parts) await fileSystem.remove(path);
    return;
  }
  const existing = files.find(({ path }) => !isHidden(path));
  if (existing === undefined) return;
  throw new StreamError({
    kind: 'user',
    code: 'OUTPUT_EXISTS',
    message:
      'the output directory already holds files: to go on with the job that wrote them, start it ' +
      'from its checkpoint or savepoint (-s); else name another directory, or set ' +
      'overwrite: true (removes earlier part files) or append: true ' +
      `directory=${directory} file=${existing.path}`,
    details: { directory, file: existing.path },
  });
}

/** One past the highest counter of a subtask's part files, in all buckets: names are not reused. */
export async function nextPartCounter(
  fileSystem: FileSystem,
  directory: string,
  naming: PartNaming,
  subtaskIndex: number,
): Promise<number> {
  let next = 0;
  if ((await fileSystem.stat(directory)) === undefined) return next;
  for (const { path } of await filesBelow(fileSystem, directory)) {
    const part = parsePartName(naming, baseName(path));
    if (part?.subtaskIndex === subtaskIndex) next = Math.max(next, part.counter + 1);
  }
  return next;
}

/**
 * Removes in-progress files of earlier attempts of this very writer: of its job, its sink's names
 * and its subtask. Each of them is committed, or belongs to no complete checkpoint. Files of other
 * subtasks are not this one's to judge: their region may run its own attempt. Those of subtasks
 * beyond the parallelism have no writer any more and go with subtask 0's.
 */
export async function removeLeftOvers(
  fileSystem: FileSystem,
  directory: string,
  naming: PartNaming,
  { jobId, attempt, subtaskIndex, parallelism }: PartOwner,
): Promise<void> {
  if ((await fileSystem.stat(directory)) === undefined) return;
  for (const { path } of await filesBelow(fileSystem, directory)) {
    const writer = parseInProgressName(baseName(path));
    const part = parsePartName(naming, baseName(path));
    if (writer?.jobId !== jobId || writer.attempt >= attempt || part === undefined) continue;
    const isOrphan = subtaskIndex === 0 && part.subtaskIndex >= parallelism;
    if (isOrphan || part.subtaskIndex === subtaskIndex) await fileSystem.remove(path);
  }
}

/**
 * The bucket itself.
 *
 * @throws {StreamError} `BAD_BUCKET` for a path that leaves the output directory, or that readers
 * of it would pass over.
 */
export function checkBucket(bucket: unknown): string {
  const isGood =
    typeof bucket === 'string' &&
    (bucket === '' || bucket.split('/').every((name) => /^[^._\\][^\\\0]*$/s.test(name)));
  if (isGood) return bucket;
  throw new StreamError({
    kind: 'user',
    code: 'BAD_BUCKET',
    message:
      "a bucket must be a relative path below the output directory, such as 'day=2026-01-31', " +
      `whose names begin with neither '.' nor '_' bucket=${JSON.stringify(bucket) ?? typeof bucket}`,
  });
}

async function filesBelow(fileSystem: FileSystem, directory: string): Promise<FileStatus[]> {
  const files: FileStatus[] = [];
  for (const child of await fileSystem.list(directory)) {
    if (child.kind === 'file') files.push(child);
    else files.push(...(await filesBelow(fileSystem, child.path)));
  }
  return files;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function notWritable(
  fileSystem: FileSystem,
  directory: string,
  reason: string,
  cause?: unknown,
): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'OUTPUT_NOT_WRITABLE',
    message:
      `the output directory cannot be written to: ${reason} ` +
      `directory=${fileSystem.absolute(directory)}`,
    details: { directory },
    ...(cause === undefined ? {} : { cause }),
  });
}
