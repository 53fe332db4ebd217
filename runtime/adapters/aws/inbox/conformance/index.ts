/** Inboxes over a fake of SQS, for benchmarks. */
export { InboxWorld } from '../inbox-world.conformance.ts';
