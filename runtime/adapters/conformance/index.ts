/** The suites that every store passes, for those who run them elsewhere. */
export { testBlobStoreConformance } from '../blob-store.conformance.ts';
export { testRowStoreConformance } from '../row-store.conformance.ts';
export { type ZipEntry, zipBytes } from '../zip-bytes.conformance.ts';
