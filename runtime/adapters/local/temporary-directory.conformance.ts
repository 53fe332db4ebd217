import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const directories: string[] = [];
const opened: { close(): Promise<void> }[] = [];

/** An empty directory, removed after the tests of the file. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-'));
  directories.push(directory);
  return directory;
}

/** Closed after the tests of the file, if not before. */
export async function closedLater<T extends { close(): Promise<void> }>(
  opening: Promise<T>,
): Promise<T> {
  const resource = await opening;
  opened.push(resource);
  return resource;
}

after(async () => {
  for (const resource of opened) await resource.close();
  for (const directory of directories) await rm(directory, { recursive: true });
});
