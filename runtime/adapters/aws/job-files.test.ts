import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryFileSystem } from '../memory/memory-file-system.ts';
import { jobFilesOnAws } from './job-files.ts';

it('refuses every path that is not in S3, and names it', async () => {
  const memory = new MemoryFileSystem();
  const files = jobFilesOnAws(memory);
  const calls = [
    (path: string) => files.stat(path),
    (path: string) => files.list(path),
    (path: string) => files.glob(path),
    (path: string) => files.openRead(path, 0),
    (path: string) => files.openWrite(path),
    (path: string) => files.makeDirectory(path),
    (path: string) => files.publish(path, path),
    (path: string) => files.remove(path),
  ];
  for (const path of ['/tmp/out', 'out', 's3:/out', '']) {
    const message = new RegExp(`s3://bucket/key.* path=${path}$`);
    for (const call of calls) {
      await assert.rejects(call(path), { code: 'LOCATION_NOT_ON_AWS', kind: 'invalid', message });
    }
  }
  await (await files.openWrite('s3://bucket/a')).close();
  assert.equal((await files.stat('s3://bucket/a'))?.kind, 'file');
});
