import { StreamError } from '../core/index.ts';

/** The pattern can never be compiled: thrown while it is built, the message says what to do. */
export function malformedPattern(message: string, patternName?: string): StreamError {
  const at = patternName === undefined ? '' : `: pattern=${JSON.stringify(patternName)}`;
  return new StreamError({
    kind: 'invalid',
    code: 'MALFORMED_PATTERN',
    message: `${message}${at}`,
    details: patternName === undefined ? {} : { pattern: patternName },
  });
}

/**
 * A restored partial match stands at a place that the pattern has not: the pattern was changed.
 * Give the operator another uid, or go back to the pattern of the savepoint.
 */
export function patternChanged(place: string, operator: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'PATTERN_CHANGED',
    message: `a restored partial match waits where the pattern has no place any more: keep the pattern, or give its operator another uid and lose its partial matches: place=${place} operator=${operator}`,
    details: { place, operator },
  });
}

/** `throwExceptionOnMiss` was asked for, and a match cannot be skipped to as the strategy says. */
export function skipMissed(problem: string, patternName: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'SKIP_MISSED',
    message: `${problem}, skip to another pattern or leave out throwExceptionOnMiss: pattern=${JSON.stringify(patternName)}`,
    details: { pattern: patternName },
  });
}
