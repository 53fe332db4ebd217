import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { testBlobStoreConformance } from '../../blob-store.conformance.ts';
import { MemoryBlobStore } from '../../memory/memory-blob-store.ts';
import { RemoteBlobs, serveBlobs } from './remote-blobs.ts';

const opened: RemoteBlobs[] = [];

function remote(tier: ConstructorParameters<typeof RemoteBlobs>[1] = {}): RemoteBlobs {
  const { port1, port2 } = new MessageChannel();
  serveBlobs(port1, new MemoryBlobStore());
  const blobs = new RemoteBlobs(port2, tier);
  opened.push(blobs);
  return blobs;
}

after(() => {
  for (const blobs of opened) blobs.close();
});

testBlobStoreConformance('RemoteBlobs', async () => ({ blobs: remote(), directory: 'dir' }));

describe('RemoteBlobs', () => {
  it('places segments as the store behind it does', () => {
    const directory = 's3://b/checkpoints';
    const blobs = remote({ rows: { thresholdBytes: 100, directory } });
    const segment = `${directory}/j/shared/abc-00000-000001-000000000001-k.seg`;
    assert.equal(blobs.place(segment, 100), segment.replace('.seg', '.row'));
    assert.equal(blobs.place(segment, 101), segment);
    const savepoint = segment.replace('/shared/', '/savepoint-1/');
    assert.equal(blobs.place(savepoint, 10), savepoint);
  });
});
