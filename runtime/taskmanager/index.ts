export { Slot, type SlotTurn } from './slot.ts';
export { buildSlot, type SlotDeployment, type SlotPorts } from './slot-builder.ts';
export { runSlots, type SlotLoopOptions } from './slot-loop.ts';
export type {
  ChannelId,
  ChannelSource,
  SlotExchange,
  SlotReporter,
  SlotThread,
} from './slot-ports.ts';
