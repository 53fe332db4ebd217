import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testFileSystemConformance } from '../file-system.conformance.ts';
import { MemoryFileSystem } from './memory-file-system.ts';

testFileSystemConformance('memory', async () => {
  const fileSystem = new MemoryFileSystem();
  await fileSystem.makeDirectory('base');
  return { fileSystem, directory: 'base' };
});

describe('MemoryFileSystem', () => {
  it('refuses what is denied', async () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.put('in/a', 'x');
    fileSystem.deny('in/a');
    await assert.rejects(fileSystem.openRead('in/a', 0), { code: 'FILE_NOT_READABLE' });
    await assert.rejects(fileSystem.openWrite('in/a'), { code: 'FILE_NOT_WRITABLE' });
  });
});
