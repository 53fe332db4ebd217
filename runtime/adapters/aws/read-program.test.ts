import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore } from '../memory/memory-blob-store.ts';
import { programDigest, readProgram } from './read-program.ts';

describe('readProgram', () => {
  const program = Buffer.from('export default () => {};');

  it('reads what was planned, and what was planned before digests were written down', async () => {
    const blobs = new MemoryBlobStore();
    await blobs.put('bundle.mjs', program);
    for (const digest of [programDigest(program), undefined]) {
      assert.deepEqual(Buffer.from(await readProgram(blobs, 'bundle.mjs', digest)), program);
    }
  });

  it('refuses another program, though its graph may be the same', async () => {
    const blobs = new MemoryBlobStore();
    await blobs.put('bundle.mjs', Buffer.from('export default () => {}; // Now'));
    const planned = programDigest(program);
    const message = new RegExp(`location=bundle.mjs planned=${planned} found=[0-9a-f]{64}$`);
    const refused = { kind: 'invalid', code: 'PROGRAM_CHANGED', message };
    await assert.rejects(readProgram(blobs, 'bundle.mjs', planned), refused);
  });

  it('says what is gone, and what to do', async () => {
    const refused = { kind: 'invalid', code: 'PROGRAM_NOT_FOUND', message: /submit the job again/ };
    await assert.rejects(readProgram(new MemoryBlobStore(), 'bundle.mjs', undefined), refused);
  });
});
