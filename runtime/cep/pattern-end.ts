import { malformedPattern } from './errors.ts';
import type { PatternPart } from './pattern.ts';

/**
 * Refuses a negated part behind which all may be left out: a match would be complete before the
 * event that it must not meet could come.
 *
 * @param mayEnd nothing is required behind these parts.
 * @throws {StreamError} `MALFORMED_PATTERN`.
 */
export function checkEnd<T>(parts: readonly PatternPart<T>[], mayEnd = true): void {
  for (const [index, part] of parts.entries()) {
    const rest = parts.slice(index + 1);
    const endsHere = mayEnd && rest.every(({ optional }) => optional);
    if (part.group !== undefined) checkEnd(part.group, endsHere);
    const negated = part.strategy === 'NOT_NEXT' || part.strategy === 'NOT_FOLLOW';
    if (!negated || !endsHere || rest.length === 0) continue;
    const message =
      'all behind notNext or notFollowedBy is optional, so nothing says when it is over: make one of it required, or write two patterns';
    throw malformedPattern(message, part.name);
  }
}
