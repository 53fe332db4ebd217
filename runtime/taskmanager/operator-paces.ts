/**
 * How often the operators of a task put something out, as far as reports tell: what comes between
 * two of them counts as one. Kept by report, never by record.
 */
import type { OperatorFactsRecord, PaceRecord } from '../protocol/index.ts';

interface Followed {
  readonly numRecordsOut: number;
  readonly pace: PaceRecord;
}

export class OperatorPaces {
  /** In the order of the chain. */
  #followed: readonly (Followed | undefined)[] = [];

  get paces(): readonly PaceRecord[] {
    return this.#followed.map((of) => of?.pace ?? { momentCount: 0 });
  }

  take(operators: readonly OperatorFactsRecord[], atEpochMs: number): void {
    const before = this.#followed;
    this.#followed = operators.map((facts, index) => follow(before[index], facts, atEpochMs));
  }
}

function follow(
  before: Followed | undefined,
  { numRecordsOut, held }: OperatorFactsRecord,
  atEpochMs: number,
): Followed {
  const isMore = numRecordsOut > (before?.numRecordsOut ?? 0);
  const pace = isMore ? withMoment(before?.pace, atEpochMs) : (before?.pace ?? { momentCount: 0 });
  const isDueKnown = pace.dueMs !== undefined || held?.time !== 'event';
  return { numRecordsOut, pace: isDueKnown ? pace : { ...pace, dueMs: held.untilMs } };
}

function withMoment(pace: PaceRecord | undefined, atEpochMs: number): PaceRecord {
  const { momentCount = 0, firstAtEpochMs = atEpochMs, lastAtEpochMs } = pace ?? {};
  const gapMs = lastAtEpochMs === undefined ? 0 : atEpochMs - lastAtEpochMs;
  return {
    momentCount: momentCount + 1,
    firstAtEpochMs,
    lastAtEpochMs: atEpochMs,
    longestGapMs: Math.max(pace?.longestGapMs ?? 0, gapMs),
  };
}
