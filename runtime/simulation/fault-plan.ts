/** How bad the world of a schedule is: drawn once from the seed, switched off at its end. */
import { GOOD_STORE, type StoreFaults } from './faulty-stores.ts';
import { GOOD_NETWORK, type NetworkFaults } from './sim-network.ts';
import type { SimRng } from './sim-rng.ts';

export interface FaultPlan {
  readonly network: NetworkFaults;
  readonly store: StoreFaults;
  /** Mean virtual time between two faults of each kind; `Infinity`: never. */
  readonly meanMs: {
    readonly killTaskManager: number;
    readonly stallTaskManager: number;
    readonly killJobManager: number;
    readonly stallJobManager: number;
    readonly cutOff: number;
    readonly clockJump: number;
    /** Of jobs in turns: deaths of who takes one, in the midst of it. */
    readonly killTurn: number;
    /** Of jobs in turns. */
    readonly storeOutage: number;
  };
  /** Clocks are off by up to this much. */
  readonly maxSkewMs: number;
  /** After which the world heals. */
  readonly chaosMs: number;
  readonly windowFrames: number;
  readonly taskManagerCount: number;
  /** How long a slot stays in one process; see {@link leaseMsOnceHealed}. */
  readonly leaseMs: number;
  /** Bytes of state below this size become no blobs. */
  readonly inlineLimitBytes: number;
  /** Above it, records of turns are objects. */
  readonly objectAboveBytes: number;
}

/** Longer than most schedules need to end. */
const LEASE_DOUBLES_EVERY_MS = 2000;

/**
 * Of a world that healed so long ago. Each hand-over takes a checkpoint of its own, which waits for
 * the hand-overs before it: where many slots have short leases, sources wait for nearly all of the
 * time while barriers are aligned, and the job's end is a matter of luck. So leases grow: a job
 * that does not end then has no such excuse.
 */
export function leaseMsOnceHealed({ leaseMs }: FaultPlan, healedForMs: number): number {
  return leaseMs * 2 ** Math.floor(healedForMs / LEASE_DOUBLES_EVERY_MS);
}

/** Some schedules are calm but for one kind of fault; some have all kinds. */
export function randomFaults(rng: SimRng): FaultPlan {
  const maybe = (meanMs: number, probability: number): number =>
    rng.chance(probability) ? meanMs * (0.5 + rng.next()) : Number.POSITIVE_INFINITY;
  const turns = rng.stream('turns');
  return {
    network: rng.chance(0.6) ? badNetwork(rng) : GOOD_NETWORK,
    store: rng.chance(0.5) ? badStore(rng) : GOOD_STORE,
    meanMs: {
      killTaskManager: maybe(150, 0.5),
      stallTaskManager: maybe(150, 0.4),
      killJobManager: maybe(200, 0.4),
      stallJobManager: maybe(250, 0.3),
      cutOff: maybe(200, 0.2),
      clockJump: maybe(100, 0.2),
      killTurn: turns.chance(0.5) ? 40 + 80 * turns.next() : Number.POSITIVE_INFINITY,
      storeOutage: turns.chance(0.3) ? 60 + 120 * turns.next() : Number.POSITIVE_INFINITY,
    },
    maxSkewMs: rng.chance(0.5) ? 0 : rng.int(1, 5000),
    chaosMs: rng.int(100, 600),
    windowFrames: rng.pick([1, 2, 4, 16]),
    taskManagerCount: rng.int(1, 3),
    leaseMs: rng.chance(0.5) ? rng.int(30, 250) : Number.POSITIVE_INFINITY,
    inlineLimitBytes: rng.pick([0, 64, 1024]),
    objectAboveBytes: turns.pick([0, 4096, Number.POSITIVE_INFINITY]),
  };
}

function badNetwork(rng: SimRng): NetworkFaults {
  return {
    lossRate: rng.pick([0, 0.02, 0.15]),
    duplicateRate: rng.pick([0, 0.05, 0.3]),
    minDelayMs: 0.1,
    maxDelayMs: rng.pick([1, 5, 15]),
    stragglerRate: rng.pick([0, 0.01, 0.05]),
    stragglerMs: rng.pick([50, 300, 1000]),
  };
}

function badStore(rng: SimRng): StoreFaults {
  const rate = (): number => rng.pick([0, 0.02, 0.08]);
  return {
    throttleRate: rate(),
    loseRate: rate(),
    ambiguousRate: rate(),
    lateRate: rate(),
    maxLateMs: rng.pick([20, 400]),
    maxDelayMs: rng.pick([1, 5, 30]),
  };
}
