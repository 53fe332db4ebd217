/**
 * The processes that run slots, and what they run: production slots between simulated ports.
 *
 * I1  A launch is carried out once by a process, however often the request arrives.
 */
import type { JobGraphOverrides } from '../graph/index.ts';
import type { RestoredSubtaskState } from '../protocol/index.ts';
import { LeasedSlot, type LeasedSlotParts } from './sim-leased-slot.ts';

/** JobMaster → TaskManager, by datagram, until the slot is heard of. */
export interface LaunchRequest {
  readonly jobId: string;
  readonly slotIndex: number;
  readonly attempt: number;
  readonly lease: number;
  readonly overrides: JobGraphOverrides;
  readonly restore: readonly RestoredSubtaskState[];
}

export interface TerminateRequest {
  readonly terminate: { readonly jobId: string; readonly slotIndex: number; attempt: number };
}

export class SimSlotHost {
  readonly #parts: LeasedSlotParts;
  readonly #slots = new Map<string, LeasedSlot>();

  /** @param address where launch requests arrive. */
  constructor(parts: LeasedSlotParts, address: string) {
    this.#parts = parts;
    parts.network.bind(address, parts.host, (message) => {
      const request = message as LaunchRequest | TerminateRequest;
      if ('terminate' in request) this.#terminate(request);
      else this.#launch(request);
    });
  }

  /** I1. */
  #launch(request: LaunchRequest): void {
    const key = slotKey(request);
    if (this.#slots.has(key)) return;
    this.#slots.set(key, new LeasedSlot(this.#parts, request));
  }

  #terminate({ terminate: { jobId, slotIndex, attempt } }: TerminateRequest): void {
    for (const [key, slot] of this.#slots) {
      if (key.startsWith(`${jobId}/${attempt}/${slotIndex}/`)) slot.stop();
    }
  }
}

function slotKey({ jobId, attempt, slotIndex, lease }: LaunchRequest): string {
  return `${jobId}/${attempt}/${slotIndex}/${lease}`;
}
