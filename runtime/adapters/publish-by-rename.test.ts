import assert from 'node:assert/strict';
import { it } from 'node:test';
import { publishByRename } from './publish-by-rename.ts';

it('is content when another attempt renames the file at any moment', async () => {
  for (const moment of [0, 1, 2]) {
    const files = new Set(['from']);
    let calls = 0;
    const rename = (from: string, to: string): void => {
      if (!files.delete(from)) throw new Error('it is not there');
      files.add(to);
    };
    const atMoment = (): void => {
      if (calls++ === moment) rename('from', 'to');
    };
    const exists = async (path: string): Promise<boolean> => {
      atMoment();
      return files.has(path);
    };
    const renaming = async (from: string, to: string): Promise<void> => {
      atMoment();
      rename(from, to);
    };
    assert.equal(await publishByRename({ exists, rename: renaming }, 'from', 'to'), 'done');
    assert.deepEqual([...files], ['to']);
  }
});

it('says why a file that waits could not be renamed', async () => {
  const exists = async (path: string): Promise<boolean> => path === 'from';
  const rename = () => Promise.reject(new Error('no room'));
  await assert.rejects(publishByRename({ exists, rename }, 'from', 'to'), /no room/);
});
