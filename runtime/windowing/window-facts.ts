import type { HeldRecord, OperatorFacts } from '../protocol/index.ts';
import type { LateRecords } from './late-records.ts';
import type { WindowTime } from './window-time.ts';

/** What a window operator tells of the windows that have not fired. */
export function windowFacts(
  { isEventTime }: Pick<WindowTime, 'isEventTime'>,
  held: Pick<HeldRecord, 'count' | 'untilMs' | 'gapMs'>,
  { droppedCount }: Pick<LateRecords<never, never>, 'droppedCount'>,
): OperatorFacts {
  const time = isEventTime ? 'event' : 'processing';
  return {
    ...(held.count === 0 ? {} : { held: { what: 'windows', time, ...held } }),
    numLateRecordsDropped: droppedCount,
  };
}
