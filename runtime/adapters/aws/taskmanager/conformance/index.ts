/** Jobs over leases and a fake of SQS, for benchmarks. */
export { LeaseWorld } from '../lease-world.conformance.ts';
export { RemoteBlobs, serveBlobs } from '../remote-blobs.ts';
