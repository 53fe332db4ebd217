/** Turns the paths of a file source into its files. */
import { type FileStatus, type FileSystem, StreamError } from '../../core/index.ts';

/**
 * The files of the given paths, in the order of the paths; directories are searched to any depth,
 * and their files, like those of a glob, are sorted by path. No file comes twice. In directories
 * and globs, names that begin with `.` or `_` are passed over: files that are still written, and
 * markers.
 *
 * @throws {StreamError} `FILE_NOT_FOUND`, `FILE_NOT_READABLE`.
 */
export async function findFiles(
  fileSystem: FileSystem,
  paths: readonly string[],
): Promise<readonly FileStatus[]> {
  const found = new Map<string, FileStatus>();
  for (const path of paths) {
    for (const file of await filesOf(fileSystem, path)) found.set(file.path, file);
  }
  return [...found.values()];
}

async function filesOf(fileSystem: FileSystem, path: string): Promise<readonly FileStatus[]> {
  const status = await fileSystem.stat(path);
  if (status?.kind === 'file') {
    await checkReadable(fileSystem, path);
    return [status];
  }
  if (status?.kind === 'directory') return filesBelow(fileSystem, path);
  if (!isGlob(path)) {
    throw notFound(
      `an input path does not exist: check its spelling${relativeTo(fileSystem, path)}`,
      path,
    );
  }
  const named = new Set(path.split('/'));
  const matches = (await fileSystem.glob(path)).filter(
    (match) => !match.split('/').some((name) => isHidden(name) && !named.has(name)),
  );
  if (matches.length === 0) {
    throw notFound(
      `no file matches an input pattern: check its spelling${relativeTo(fileSystem, path)}`,
      path,
    );
  }
  const files: FileStatus[] = [];
  for (const match of matches) {
    const matched = await fileSystem.stat(match);
    if (matched?.kind === 'directory') files.push(...(await filesBelow(fileSystem, match)));
    else if (matched !== undefined) files.push(matched);
  }
  return sortByPath(files);
}

async function filesBelow(fileSystem: FileSystem, directory: string): Promise<FileStatus[]> {
  const files: FileStatus[] = [];
  for (const child of await fileSystem.list(directory)) {
    if (isHidden(child.path)) continue;
    if (child.kind === 'directory') files.push(...(await filesBelow(fileSystem, child.path)));
    else files.push(child);
  }
  return sortByPath(files);
}

/** A file named by the user fails before the job starts to read, not in the middle of it. */
async function checkReadable(fileSystem: FileSystem, path: string): Promise<void> {
  const file = await fileSystem.openRead(path, 0);
  await file.close();
}

function sortByPath(files: FileStatus[]): FileStatus[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** True for the names that listings pass over. */
export function isHidden(path: string): boolean {
  return /^(\.(?!\.?$)|_)/.test(path.slice(path.lastIndexOf('/') + 1));
}

function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** Where a relative path starts; a URI does not. */
function relativeTo(fileSystem: FileSystem, path: string): string {
  if (/^[a-z0-9]+:\/\//.test(path)) return ` path=${path}`;
  return (
    '; a relative path starts at the directory the job is run in ' +
    `path=${path} workingDirectory=${fileSystem.absolute('.')}`
  );
}

function notFound(message: string, path: string): StreamError {
  return new StreamError({ kind: 'user', code: 'FILE_NOT_FOUND', message, details: { path } });
}
