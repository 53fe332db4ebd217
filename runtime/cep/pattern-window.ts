import { malformedPattern } from './errors.ts';
import type { PatternPart } from './pattern.ts';

/**
 * The shortest time that any part says from the first event to the last; undefined: none does.
 *
 * @throws {StreamError} `MALFORMED_PATTERN`.
 */
export function windowMsOf<T>(parts: readonly PatternPart<T>[]): number | undefined {
  const all = everyPart(parts);
  const times = all.flatMap(({ firstAndLastMs }) => firstAndLastMs ?? []);
  const windowMs = times.length === 0 ? undefined : Math.min(...times);
  for (const { previousAndCurrentMs, name } of all) {
    if (windowMs === undefined || (previousAndCurrentMs ?? 0) <= windowMs) continue;
    const message = `the time from the event before cannot be longer than that of the whole match, ${windowMs} ms: shorten it`;
    throw malformedPattern(message, name);
  }
  const last = parts.at(-1);
  const waits = last?.strategy === 'NOT_FOLLOW';
  if (waits && windowMs === undefined && last.previousAndCurrentMs === undefined) {
    const message = 'notFollowedBy at the end never ends: add within, or a pattern after it';
    throw malformedPattern(message, last.name);
  }
  return windowMs;
}

function everyPart<T>(parts: readonly PatternPart<T>[]): readonly PatternPart<T>[] {
  return parts.flatMap((part) => [part, ...(part.group ? everyPart(part.group) : [])]);
}
