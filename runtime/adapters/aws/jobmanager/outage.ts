/** What an outage is the cause of, and how long what failed by it waits. Pure. */
import { isStreamError, StreamError } from '../../../core/index.ts';

/** The longest that a message waits, as long as it would be hidden by itself. */
const MAX_PAUSE_S = 60;
/** Of the cluster's own tables, queues and state machines, not of files that a job names. */
const OWN = /^(ROW_STORE|QUEUE|INBOX|EXECUTION|TOKEN)_NOT_/;
/** Of the cluster's own bucket, whose owner is expected; savepoints may lie in others. */
const BUCKET = /^BLOB_NOT_(READ|WRIT)ABLE$/;
/** What an operator, not another message, mends. */
const MENDED =
  /^(access-denied|kms-denied|credentials-invalid|missing-resource|wrong-region|aborted)$/;

/** The stores do not answer, may not be used, or somebody else is in charge: no message's fault. */
export function isOutage(thrown: unknown): boolean {
  if (!isStreamError(thrown)) return false;
  const { kind, code, details } = thrown;
  if (/^(unavailable|conflict|fenced)$/.test(kind)) return true;
  const isOwn = OWN.test(code) || (BUCKET.test(code) && details.expectedOwner !== undefined);
  return isOwn && MENDED.test(String(details.reason));
}

/** An outage as who decides by kinds knows one: a job does not end of it. */
export function passing(thrown: unknown): unknown {
  if (!isStreamError(thrown) || thrown.kind !== 'invalid' || !isOutage(thrown)) return thrown;
  const { code, message, details } = thrown;
  return new StreamError({ kind: 'unavailable', code, message, details, cause: thrown });
}

/** @param receives how often the message was received. */
export function pauseOf(receives: number): number {
  return Math.min(MAX_PAUSE_S, 2 ** Math.min(10, Math.max(0, receives - 1)));
}
