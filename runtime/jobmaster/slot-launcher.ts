import type { SlotCommand, SlotReport } from '../protocol/index.ts';

/** What a launched slot tells. */
export interface SlotEvents {
  readonly onReport: (report: SlotReport) => void;
  /** The slot ended without `released`; nothing more comes from it. */
  readonly onLost: (error: Error) => void;
}

export interface SlotHandle {
  /** Commands arrive in order; those to a slot that is gone are dropped. */
  send(command: SlotCommand): void;
  /** Ends the slot whatever it does; settles when it is gone. Idempotent. */
  terminate(): Promise<void>;
}

/**
 * Starts slots. Needs: reports of a slot arrive in order, after `launch` has returned; the slot
 * runs the deployment the launcher was made for.
 */
export interface SlotLauncher {
  launch(slotIndex: number, events: SlotEvents): SlotHandle;
}
