/**
 * What is done to a job in one round, and when: a function of the seed alone. The moments at which
 * it really happens are the machine's.
 */
import { SeededRng } from '../../runtime/adapters/index.ts';

/** Something bad, or something that must work meanwhile. */
export type Action =
  /** SIGKILL of the process that runs the job; it is started again. */
  | {
      readonly type: 'kill-process';
      readonly downMs: number;
      /** Of an embedded job, afterwards. */
      readonly parallelism: number;
      /** The cluster is asked for this a moment before. */
      readonly during?: 'stop' | 'savepoint' | 'rescale';
      readonly beforeMs: number;
    }
  | { readonly type: 'kill-task-manager' }
  /** A slot's thread ends outside the engine's calls. */
  | { readonly type: 'kill-thread'; readonly how: 'exit' | 'throw' }
  /** Some file operations fail for a while. */
  | { readonly type: 'break-disk'; readonly fault: DiskFault; readonly durationMs: number }
  /** The processes stand still, as a laptop that sleeps does; or those with the slots alone. */
  | { readonly type: 'stall'; readonly durationMs: number; readonly slotsOnly: boolean }
  | { readonly type: 'rescale'; readonly parallelism: number }
  | { readonly type: 'savepoint' }
  | { readonly type: 'checkpoint' }
  /** Stops the job with a savepoint and goes on from it. */
  | {
      readonly type: 'stop-and-restore';
      readonly parallelism: number;
      readonly claim: boolean;
      /** The savepoint's directory is moved in between. */
      readonly move: boolean;
    }
  /** Cancels the job and goes on from its newest retained checkpoint. */
  | { readonly type: 'cancel-and-restore'; readonly parallelism: number }
  /** A second process on the same data directory must be refused. */
  | { readonly type: 'rival' };

export interface DiskFault {
  readonly code: 'ENOSPC' | 'EIO';
  /** `after`: it happened, and is reported as failed; `partly`: a write is cut off. */
  readonly when: 'before' | 'after' | 'partly';
  /** Part of the operations that fail. */
  readonly share: number;
}

export interface Step {
  /** Since the step before. */
  readonly afterMs: number;
  readonly action: Action;
}

export interface RoundPlan {
  readonly seed: number;
  readonly mode: Mode;
  readonly parallelism: number;
  readonly ratePerSecond: number;
  /** Undefined: the events do not end, the job is stopped with a savepoint. */
  readonly eventCount?: number;
  readonly checkpointIntervalMs: number;
  readonly unaligned: boolean;
  readonly steps: readonly Step[];
}

export type Mode = 'cluster' | 'embedded';

export const MAX_PARALLELISM = 4;
const ROUND_MS = 6000;
const MAX_STEPS = 7;

/** Names of actions, as often as they are to come up. */
const WEIGHTS: Readonly<Record<Mode, Readonly<Partial<Record<Action['type'], number>>>>> = {
  cluster: {
    'kill-process': 4,
    'kill-task-manager': 4,
    'kill-thread': 3,
    'break-disk': 4,
    stall: 1,
    rescale: 3,
    savepoint: 1,
    checkpoint: 1,
    'stop-and-restore': 2,
    'cancel-and-restore': 1,
    rival: 1,
  },
  embedded: { 'kill-process': 5, 'kill-thread': 3, 'break-disk': 3, 'cancel-and-restore': 2 },
};

/** The plan of a seed; the same seed, the same plan. */
export function planRound(seed: number, mode: Mode): RoundPlan {
  const rng = new SeededRng(seed);
  const whole = (from: number, to: number): number =>
    from + Math.floor(rng.next() * (to - from + 1));
  const ratePerSecond = whole(2, 20) * 1000;
  const isBounded = mode === 'embedded' || rng.next() < 0.6;
  const stepCount = whole(2, MAX_STEPS);
  const steps = Array.from({ length: stepCount }, () => ({
    afterMs: Math.floor((rng.next() * 2 * ROUND_MS) / stepCount),
    action: chooseAction(mode, rng),
  }));
  return {
    seed,
    mode,
    parallelism: whole(1, MAX_PARALLELISM),
    ratePerSecond,
    ...(isBounded && { eventCount: (ratePerSecond * ROUND_MS) / 1000 + whole(0, 999) }),
    checkpointIntervalMs: whole(5, 40) * 10,
    unaligned: rng.next() < 0.3,
    steps,
  };
}

function chooseAction(mode: Mode, rng: SeededRng): Action {
  const weights = Object.entries(WEIGHTS[mode]) as [Action['type'], number][];
  let left = rng.next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [type, weight] of weights) {
    left -= weight;
    if (left < 0) return actionOf(type, mode, rng);
  }
  return { type: 'checkpoint' };
}

function actionOf(type: Action['type'], mode: Mode, rng: SeededRng): Action {
  const upTo = (max: number): number => Math.floor(rng.next() * max);
  const parallelism = 1 + upTo(MAX_PARALLELISM);
  switch (type) {
    case 'kill-process': {
      const during = ([undefined, undefined, 'stop', 'savepoint', 'rescale'] as const)[upTo(5)];
      const action = { type, downMs: upTo(400), parallelism, beforeMs: upTo(250) };
      return during === undefined || mode === 'embedded' ? action : { ...action, during };
    }
    case 'kill-thread':
      return { type, how: rng.next() < 0.5 ? 'exit' : 'throw' };
    case 'break-disk': {
      const code = rng.next() < 0.5 ? 'ENOSPC' : 'EIO';
      const when = (['before', 'after', 'partly'] as const)[upTo(3)] ?? 'before';
      const share = [0.05, 0.3, 1][upTo(3)] ?? 1;
      return { type, fault: { code, when, share }, durationMs: 100 + upTo(900) };
    }
    case 'stall':
      return { type, durationMs: 200 + upTo(1800), slotsOnly: rng.next() < 0.5 };
    case 'rescale':
    case 'cancel-and-restore':
      return { type, parallelism };
    case 'stop-and-restore':
      return { type, parallelism, claim: rng.next() < 0.5, move: rng.next() < 0.3 };
    default:
      return { type };
  }
}

/** `kill-process down=120 p=3`, for the round's line. */
export function actionText(action: Action): string {
  switch (action.type) {
    case 'break-disk': {
      const { code, when, share } = action.fault;
      return `${code} ${when} ${Math.round(share * 100)}% ${action.durationMs}ms`;
    }
    case 'kill-thread':
      return `kill-thread(${action.how})`;
    case 'stall':
      return `stall(${action.durationMs}ms${action.slotsOnly ? ', slots' : ''})`;
    case 'kill-process':
      return `kill-process(${action.during ?? `p=${action.parallelism}`})`;
    case 'stop-and-restore': {
      const how = `${action.claim ? ', claim' : ''}${action.move ? ', moved' : ''}`;
      return `stop-and-restore(p=${action.parallelism}${how})`;
    }
    case 'rescale':
    case 'cancel-and-restore':
      return `${action.type}(p=${action.parallelism})`;
    default:
      return action.type;
  }
}
