import { malformedPattern, skipMissed } from './errors.ts';

type SkipKind = 'NO_SKIP' | 'TO_NEXT' | 'PAST_LAST_EVENT' | 'TO_FIRST' | 'TO_LAST';

/**
 * What becomes of the partial matches that began before a match was complete: a given event may
 * take part in many matches unless some are skipped.
 *
 * @see Flink `AfterMatchSkipStrategy`
 */
export class AfterMatchSkipStrategy {
  readonly kind: SkipKind;
  /** The pattern that is skipped to. */
  readonly patternName: string | undefined;
  readonly throwsOnMiss: boolean;

  private constructor(kind: SkipKind, patternName?: string, throwsOnMiss = false) {
    this.kind = kind;
    this.patternName = patternName;
    this.throwsOnMiss = throwsOnMiss;
  }

  /** Every match is emitted. */
  static noSkip(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy('NO_SKIP');
  }

  /** Drops the partial matches that began with the same event as the match. */
  static skipToNext(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy('TO_NEXT');
  }

  /** Drops the partial matches that began before the match ended. */
  static skipPastLastEvent(): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy('PAST_LAST_EVENT');
  }

  /** Drops those that began before the first event of this pattern in the match. */
  static skipToFirst(patternName: string): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy('TO_FIRST', checked(patternName, 'skipToFirst'));
  }

  /** Drops those that began before the last event of this pattern in the match. */
  static skipToLast(patternName: string): AfterMatchSkipStrategy {
    return new AfterMatchSkipStrategy('TO_LAST', checked(patternName, 'skipToLast'));
  }

  /** The job fails where the match has no event of the pattern, or would skip to its own start. */
  throwExceptionOnMiss(): AfterMatchSkipStrategy {
    if (this.patternName === undefined) {
      throw malformedPattern('throwExceptionOnMiss is for skipToFirst and skipToLast only');
    }
    return new AfterMatchSkipStrategy(this.kind, this.patternName, true);
  }
}

/**
 * The id of the event before which nothing that is still being matched, or waits to be emitted, may
 * have begun; undefined: nothing is dropped.
 *
 * @param match ids of events by pattern name, ascending.
 * @throws {StreamError} `SKIP_MISSED`.
 */
export function pruneBefore(
  strategy: AfterMatchSkipStrategy,
  match: ReadonlyMap<string, readonly number[]>,
): number | undefined {
  const ids = [...match.values()].flat();
  const firstId = Math.min(...ids);
  switch (strategy.kind) {
    case 'NO_SKIP':
      return undefined;
    case 'TO_NEXT':
      return firstId + 1;
    case 'PAST_LAST_EVENT':
      return Math.max(...ids) + 1;
    default:
      return skippedTo(strategy, match, firstId);
  }
}

function skippedTo(
  { kind, patternName = '', throwsOnMiss }: AfterMatchSkipStrategy,
  match: ReadonlyMap<string, readonly number[]>,
  firstId: number,
): number | undefined {
  const ids = match.get(patternName) ?? [];
  const id = kind === 'TO_FIRST' ? ids[0] : ids.at(-1);
  if (!throwsOnMiss) return id;
  if (id === undefined) throw skipMissed('a match has no event to skip to', patternName);
  if (id === firstId) throw skipMissed('a match cannot be skipped to its first event', patternName);
  return id;
}

function checked(patternName: string, where: string): string {
  if (typeof patternName === 'string' && patternName !== '') return patternName;
  throw malformedPattern(`${where} expects the name of a pattern`);
}
