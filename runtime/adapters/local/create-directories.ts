import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { reasonOf } from '../store-errors.ts';

/** Of files and directories that nobody but this user has any business with. */
export const PRIVATE_FILE_MODE = 0o600;
export const PRIVATE_DIRECTORY_MODE = 0o700;

/** How often a directory may vanish before it has a child: others remove empty ones. */
const MAX_TRIES = 20;

/**
 * Creates a directory and those above it that are missing. Node's recursive `mkdir` does so too,
 * but tries for ever where the system says of a parent that is there that it is not: in `/proc`.
 *
 * @param mode of those that it creates. @defaultValue what the user's umask leaves
 * @returns the absolute paths of those that were missing, the deepest first.
 * @throws the error of the system.
 */
export async function createDirectories(
  directory: string,
  mode?: number,
): Promise<readonly string[]> {
  const path = resolve(directory);
  const above: string[] = [];
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(path, { mode });
      return [path, ...above];
    } catch (thrown) {
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isDirectory() === true) return above;
      const reason = reasonOf(thrown);
      const mayPass = reason === 'ENOENT' || (reason === 'EEXIST' && stats === undefined);
      if (!mayPass || tries === MAX_TRIES) throw thrown;
      if (reason === 'ENOENT') above.unshift(...(await createDirectories(dirname(path), mode)));
    }
  }
}
