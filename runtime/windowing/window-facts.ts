import type { OperatorFacts } from '../protocol/index.ts';
import type { LateRecords } from './late-records.ts';
import type { WindowTime } from './window-time.ts';

/** What a window operator tells of the windows that have not fired. */
export function windowFacts(
  { isEventTime }: Pick<WindowTime, 'isEventTime'>,
  { count, untilMs }: { readonly count: number; readonly untilMs: number },
  { droppedCount }: Pick<LateRecords<never, never>, 'droppedCount'>,
): OperatorFacts {
  const time = isEventTime ? 'event' : 'processing';
  return {
    ...(count === 0 ? {} : { held: { what: 'windows', count, time, untilMs } }),
    numLateRecordsDropped: droppedCount,
  };
}
