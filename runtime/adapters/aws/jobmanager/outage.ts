/** What an outage is the cause of, and how long what failed by it waits. Pure. */
import { isStreamError } from '../../../core/index.ts';

/** The longest that a message waits, as long as it would be hidden by itself. */
const MAX_PAUSE_S = 60;
/** Of the cluster's own tables and queues, not of files that a job names. */
const OWN = /^(ROW_STORE|QUEUE|INBOX)_NOT_/;
/** What an operator, not another message, mends. */
const MENDED =
  /^(access-denied|kms-denied|credentials-invalid|missing-resource|wrong-region|aborted)$/;

/** The stores do not answer, may not be used, or somebody else is in charge: no message's fault. */
export function isOutage(thrown: unknown): boolean {
  if (!isStreamError(thrown)) return false;
  const { kind, code, details } = thrown;
  if (/^(unavailable|conflict|fenced)$/.test(kind)) return true;
  return OWN.test(code) && MENDED.test(String(details.reason));
}

/** @param receives how often the message was received. */
export function pauseOf(receives: number): number {
  return Math.min(MAX_PAUSE_S, 2 ** Math.min(10, Math.max(0, receives - 1)));
}
