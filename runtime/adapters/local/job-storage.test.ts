import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkpointSettings } from '../../checkpoint/index.ts';
import { Configuration } from '../../core/index.ts';
import { openEmbeddedStorage } from './job-storage.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const settingsOf = (directory?: string): ReturnType<typeof checkpointSettings> =>
  checkpointSettings(
    Configuration.fromRecord(
      directory === undefined ? {} : { 'execution.checkpointing.dir': directory },
    ),
  );

describe('openEmbeddedStorage', () => {
  it('makes the directory, and leaves it when the job has ended', async () => {
    const directory = join(await temporaryDirectory(), 'deep', 'down');
    const storage = await openEmbeddedStorage(settingsOf(directory));
    assert.equal(storage.directory, directory);
    await storage.blobs.put(`${directory}/job/chk-1/_metadata`, new Uint8Array(1));
    await storage.close();
    assert.ok((await readdir(directory)).includes('job'));
  });

  it('takes a temporary one with it when none is configured', async () => {
    const storage = await openEmbeddedStorage(settingsOf());
    await storage.blobs.put(`${storage.directory}/job/chk-1/_metadata`, new Uint8Array(1));
    await storage.close();
    await assert.rejects(readdir(storage.directory), { code: 'ENOENT' });
  });

  it('refuses what is no directory of this machine, and makes none of its name', async () => {
    const uri = 's3://bucket/checkpoints';
    const refused = { kind: 'invalid', code: 'FILE_SYSTEM_UNKNOWN' };
    await assert.rejects(openEmbeddedStorage(settingsOf(uri)), refused);
    const { blobs, close } = await openEmbeddedStorage(settingsOf());
    await assert.rejects(blobs.put(`${uri}/chk-1/_metadata`, new Uint8Array(1)), refused);
    await assert.rejects(blobs.get(`${uri}/chk-1/_metadata`), refused);
    await close();
  });

  it('refuses a directory that cannot be written to, naming it', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    for (const directory of [file, join(file, 'below')]) {
      await assert.rejects(openEmbeddedStorage(settingsOf(directory)), {
        kind: 'invalid',
        code: 'CHECKPOINT_DIR_NOT_WRITABLE',
        message: new RegExp(`execution.checkpointing.dir; path=${directory} reason=E`),
      });
    }
  });
});
