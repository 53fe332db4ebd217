/**
 * Whether and when a failed job is restarted. State is plain JSON; time and chance come in.
 *
 * I1  With `exponential-delay`, a failure that comes before the restart of an earlier one is over
 *     is merged into it: it is no further attempt and shares the restart's moment. Other
 *     strategies count every failure, as Flink's do; that of tasks already being stopped is not
 *     asked for.
 *
 * @see org.apache.flink.runtime.executiongraph.failover.RestartBackoffTimeStrategy, release-1.20
 */
import type { ErrorKind, StreamErrorRecord } from '../core/index.ts';
import type { RestartSettings } from './restart-settings.ts';

export interface RestartState {
  readonly settings: RestartSettings;
  /** Restarts so far; of `exponential-delay`, since its backoff was last reset. */
  readonly attempts: number;
  /** `failure-rate`: the newest, oldest first, one more than are allowed in the interval. */
  readonly failedAtEpochMs: readonly number[];
  /** `exponential-delay`: when the last restart was due. */
  readonly restartAtEpochMs?: number;
}

export interface FailureEvent {
  readonly nowEpochMs: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
}

export type RestartDecision =
  | {
      readonly type: 'restart';
      readonly delayMs: number;
      /** False: it belongs to the failure before it (I1). */
      readonly isNewAttempt: boolean;
      readonly state: RestartState;
    }
  /** `reason` completes "the job is not restarted: …". */
  | { readonly type: 'give-up'; readonly reason: string; readonly state: RestartState };

/** Of a job that has not failed yet. */
export function createdRestart(settings: RestartSettings): RestartState {
  return { settings, attempts: 0, failedAtEpochMs: [] };
}

/** Decides what follows a failure that can be recovered from ({@link isRecoverable}). */
export function decideRestart(state: RestartState, failure: FailureEvent): RestartDecision {
  const { settings } = state;
  const { nowEpochMs } = failure;
  switch (settings.type) {
    case 'none':
      return { type: 'give-up', reason: 'the restart strategy is none', state };
    case 'fixed-delay': {
      const next = { ...state, attempts: state.attempts + 1 };
      if (next.attempts > settings.attempts) {
        return giveUp(next, `the fixed-delay strategy allows attempts=${settings.attempts}`);
      }
      return restart(next, settings.delayMs);
    }
    case 'failure-rate': {
      const { maxFailures, intervalMs } = settings;
      const failedAtEpochMs = [...state.failedAtEpochMs, nowEpochMs].slice(-maxFailures - 1);
      const next = { ...state, attempts: state.attempts + 1, failedAtEpochMs };
      const oldest = failedAtEpochMs[0] ?? nowEpochMs;
      if (failedAtEpochMs.length > maxFailures && nowEpochMs - oldest <= intervalMs) {
        return giveUp(
          next,
          `the failure-rate strategy allows maxFailures=${maxFailures} in intervalMs=${intervalMs}`,
        );
      }
      return restart(next, settings.delayMs);
    }
    case 'exponential-delay':
      return decideExponentialDelay(state, settings, failure);
  }
}

/** Kinds of errors that come again when the same is tried again. */
const PERMANENT_KINDS: readonly ErrorKind[] = ['invalid', 'fenced', 'data'];

/** Codes of errors that come again, whatever they are wrapped in. */
const PERMANENT_CODES: ReadonlySet<string> = new Set([
  'STATE_INCOMPATIBLE',
  'GRAPH_NOT_DETERMINISTIC',
  'PROGRAM_NOT_FOUND',
  'PROGRAM_CHANGED',
  'STOP_WITH_SAVEPOINT_STOPPING',
  'SUPPRESS_RESTARTS',
]);

/** Nothing has failed: the platform asks for another attempt, as at the end of an execution. */
const PLANNED_CODES: ReadonlySet<string> = new Set(['HISTORY_FULL']);

/** True for what no restart strategy counts, and none forbids. */
export function isPlannedRestart({ code }: StreamErrorRecord): boolean {
  return PLANNED_CODES.has(code);
}

/** False for errors that a restart would only meet again: the job fails at once. */
export function isRecoverable(error: StreamErrorRecord): boolean {
  if (PERMANENT_KINDS.includes(error.kind)) return false;
  let link: StreamErrorRecord['cause'] | undefined = error;
  while (link !== undefined && 'kind' in link) {
    if (PERMANENT_CODES.has(link.code)) return false;
    link = link.cause;
  }
  return true;
}

function decideExponentialDelay(
  state: RestartState,
  settings: Extract<RestartSettings, { type: 'exponential-delay' }>,
  { nowEpochMs, jitter }: FailureEvent,
): RestartDecision {
  const restartAt = state.restartAtEpochMs;
  const limit = settings.attemptsBeforeResetBackoff;
  const reason = `the exponential-delay strategy allows attemptsBeforeResetBackoff=${limit}`;
  if (restartAt !== undefined && nowEpochMs <= restartAt) {
    if (state.attempts > limit) return giveUp(state, reason);
    return { type: 'restart', delayMs: restartAt - nowEpochMs, isNewAttempt: false, state };
  }
  const isStable =
    restartAt !== undefined && nowEpochMs - restartAt >= settings.resetBackoffThresholdMs;
  const attempts = isStable ? 0 : state.attempts;
  const { initialBackoffMs, maxBackoffMs, backoffMultiplier, jitterFactor } = settings;
  const grown = Math.min(initialBackoffMs * backoffMultiplier ** attempts, Number.MAX_SAFE_INTEGER);
  const backoffMs = Math.floor(grown);
  const offsetMs = Math.floor(backoffMs * jitterFactor);
  const jitterMs = Math.floor(jitter * (2 * offsetMs + 1)) - offsetMs;
  const delayMs = Math.max(initialBackoffMs, Math.min(backoffMs + jitterMs, maxBackoffMs));
  const next = { ...state, attempts: attempts + 1, restartAtEpochMs: nowEpochMs + delayMs };
  return next.attempts > limit ? giveUp(next, reason) : restart(next, delayMs);
}

function restart(state: RestartState, delayMs: number): RestartDecision {
  return { type: 'restart', delayMs, isNewAttempt: true, state };
}

function giveUp(state: RestartState, reason: string): RestartDecision {
  return { type: 'give-up', reason, state };
}
