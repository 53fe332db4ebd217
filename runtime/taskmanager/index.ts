export type { SortedInputSettings, TemporaryFiles } from './build-sorted-inputs.ts';
export {
  handOverAfterMs,
  type LeaseClaim,
  type LeaseLength,
  type LeaseRow,
} from './lease.ts';
export { LeaseKeeper, type LeaseKeeperParts } from './lease-keeper.ts';
export { Slot, type SlotTurn } from './slot.ts';
export { buildSlot } from './slot-builder.ts';
export type { SlotDeployment, SlotPorts } from './slot-deployment.ts';
export type { HandOverHost } from './slot-hand-over.ts';
export { runSlots, type SlotLoopOptions } from './slot-loop.ts';
export type {
  ChannelId,
  ChannelSource,
  SlotExchange,
  SlotReporter,
  SlotThread,
} from './slot-ports.ts';
