import { isStreamError, StreamError } from '../core/index.ts';
import type { OperatorContext } from '../operators/index.ts';

/** Doubled after each failure. */
const FIRST_RETRY_DELAY_MS = 50;
const MAX_RETRY_DELAY_MS = 1000;

export interface CommitAttempt {
  /** Of committables, for the message. */
  readonly count: number;
  /** Further tries after the first. */
  readonly retries: number;
  readonly ctx: Pick<
    OperatorContext,
    'operatorName' | 'subtaskIndex' | 'parallelism' | 'timers' | 'logger'
  >;
}

/**
 * Commits, again after a failure of kind `unavailable`.
 *
 * @throws {StreamError} `COMMIT_FAILED`, kind `unavailable`, when no try is left; any other failure
 * at once, as it is.
 */
export async function commitWithRetries(
  { count, retries, ctx }: CommitAttempt,
  commit: () => Promise<void>,
): Promise<void> {
  for (let failures = 0; ; failures += 1) {
    try {
      await commit();
      return;
    } catch (thrown) {
      if (!isStreamError(thrown) || thrown.kind !== 'unavailable') throw thrown;
      if (failures >= retries) throw commitFailed(count, retries, ctx, thrown);
      const delayMs = Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** failures);
      const fields = { operator: ctx.operatorName, subtask: ctx.subtaskIndex, delayMs };
      ctx.logger.log('warn', `a commit failed and is tried again: ${thrown.message}`, fields);
      await new Promise<void>((resolve) => void ctx.timers.schedule(delayMs, resolve));
    }
  }
}

function commitFailed(
  count: number,
  retries: number,
  { operatorName, subtaskIndex, parallelism }: CommitAttempt['ctx'],
  cause: StreamError,
): StreamError {
  return new StreamError({
    kind: 'unavailable',
    code: 'COMMIT_FAILED',
    message:
      `failed to commit ${count} committables in operator "${operatorName}" (subtask ` +
      `${subtaskIndex + 1}/${parallelism}): ${cause.message}; they are committed when the job ` +
      `restarts from its checkpoint; sink.committer.retries sets the tries retries=${retries}`,
    details: { operator: operatorName, subtask: subtaskIndex },
    cause,
  });
}
