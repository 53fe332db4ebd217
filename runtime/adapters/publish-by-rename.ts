import type { PublishOutcome } from '../core/index.ts';

/** A file system whose renames are atomic: a file has one of its two names at any moment. */
export interface AtomicRenames {
  readonly exists: (path: string) => Promise<boolean>;
  readonly rename: (from: string, to: string) => Promise<void>;
}

/** `FileSystem.publish` where renames are atomic. */
export async function publishByRename(
  files: AtomicRenames,
  from: string,
  to: string,
): Promise<PublishOutcome> {
  const found = await look(files, from, to);
  if (found !== 'waits') return found;
  try {
    await files.rename(from, to);
    return 'done';
  } catch (thrown) {
    // Somebody else was faster.
    if ((await look(files, from, to)) === 'done') return 'done';
    throw thrown;
  }
}

/** Looks for the final name first, and last: there is no other way that a file can go. */
async function look(
  { exists }: AtomicRenames,
  from: string,
  to: string,
): Promise<PublishOutcome | 'waits'> {
  const wasVisible = await exists(to);
  if (await exists(from)) return wasVisible ? 'exists' : 'waits';
  return wasVisible || (await exists(to)) ? 'done' : 'gone';
}
