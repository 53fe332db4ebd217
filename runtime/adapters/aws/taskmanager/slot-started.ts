/** How long a slot of a lease takes from the invocation to its first record, and with what. Pure. */

/** By the thread of the slot. */
export interface SlotThreadMarks {
  /** Its module is loaded. */
  readonly threadAtEpochMs: number;
  /** The program is evaluated, and its graph is the right one. */
  readonly bundleAtEpochMs: number;
  /** Its state is read, its tasks are open. */
  readonly restoredAtEpochMs: number;
  /** A task has taken something: a source its first record, others what came first. */
  readonly firstRecordAtEpochMs: number;
}

/** By the lease that hosts it. */
export interface LeaseMarks {
  readonly beganAtEpochMs: number;
  claimedAtEpochMs?: number;
  /** Attempt, program and manifest are here. */
  fetchedAtEpochMs?: number;
  /** Frames of another TaskManager. */
  firstReceiveAtEpochMs?: number;
}

/** Times since the invocation began, in the order in which they come. */
export interface SlotStarted {
  readonly slotIndex: number;
  readonly claimedMs: number;
  readonly fetchedMs: number;
  readonly threadMs: number;
  readonly bundleMs: number;
  readonly restoredMs: number;
  /** Absent: nothing had come from another TaskManager. */
  readonly firstReceiveMs?: number;
  readonly firstRecordMs: number;
}

export function slotStarted(
  slotIndex: number,
  lease: LeaseMarks,
  thread: SlotThreadMarks,
): SlotStarted {
  const { beganAtEpochMs, claimedAtEpochMs, fetchedAtEpochMs, firstReceiveAtEpochMs } = lease;
  const since = (atEpochMs = beganAtEpochMs): number => atEpochMs - beganAtEpochMs;
  return {
    slotIndex,
    claimedMs: since(claimedAtEpochMs),
    fetchedMs: since(fetchedAtEpochMs),
    threadMs: since(thread.threadAtEpochMs),
    bundleMs: since(thread.bundleAtEpochMs),
    restoredMs: since(thread.restoredAtEpochMs),
    ...(firstReceiveAtEpochMs === undefined
      ? {}
      : { firstReceiveMs: since(firstReceiveAtEpochMs) }),
    firstRecordMs: since(thread.firstRecordAtEpochMs),
  };
}
