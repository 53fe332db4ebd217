import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blobError, rowStoreError } from './store-errors.ts';

describe('errors of stores', () => {
  it('tell a full or broken disk, which may recover, from wrong permissions', () => {
    const kindOf = (code: string) => blobError('written', '/d/a', { code }).kind;
    const kinds = ['ENOSPC', 'EIO', 'EDQUOT', 'EMFILE'].map(kindOf);
    assert.deepEqual(kinds, Array(4).fill('unavailable'));
    assert.deepEqual(['EACCES', 'EROFS', 'ENOTDIR'].map(kindOf), Array(3).fill('invalid'));
  });

  it('say what failed, where, why, and what to do', () => {
    const blob = blobError('written', '/d/a', { code: 'ENOSPC' });
    assert.equal(blob.code, 'BLOB_NOT_WRITABLE');
    assert.equal(
      blob.message,
      'a blob cannot be written: check the disk, its free space and the permissions location=/d/a reason=ENOSPC',
    );
    const rows = rowStoreError('read', '/d/rows.log', new Error('?'));
    assert.equal(rows.code, 'ROW_STORE_NOT_READABLE');
    assert.deepEqual(rows.details, { path: '/d/rows.log', reason: 'UNKNOWN' });
  });
});
