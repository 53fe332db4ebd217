import { testBlobStoreConformance } from '../blob-store.conformance.ts';
import { testRowStoreConformance } from '../row-store.conformance.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';
import { MemoryRowStore } from './memory-row-store.ts';

testBlobStoreConformance('memory', async () => ({
  blobs: new MemoryBlobStore(),
  directory: '/data',
}));
testRowStoreConformance('memory', async () => new MemoryRowStore());
