/** Whether a job hibernates, taken out of its configuration. */
import { checkpointSettings } from '../checkpoint/index.ts';
import { ConfigOptions, type Configuration, StreamError } from '../core/index.ts';
import type { HibernationSettings } from './hibernation.ts';

/** Sleep and waking cost more than such a pause. */
const MIN_AFTER_MS = 10;
/** As EventBridge Scheduler has them: a period, or minutes, hours, days, months, weekdays, years. */
const RATE = /^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$/;
const CRON = /^cron\((\S+ ){5}\S+\)$/;

/**
 * Undefined: the job never hibernates.
 *
 * @throws {StreamError} kind `invalid`: `INVALID_HIBERNATION`, for what cannot be;
 * `HIBERNATION_NEEDS_CHECKPOINTS`.
 */
export function hibernationSettings(configuration: Configuration): HibernationSettings | undefined {
  const { HIBERNATE_AFTER_MS, WAKE_SCHEDULE, CHECKPOINTING_INTERVAL_MS } = ConfigOptions;
  const afterMs = configuration.get(HIBERNATE_AFTER_MS);
  const wakeSchedule = configuration.get(WAKE_SCHEDULE);
  if (afterMs === undefined) {
    if (wakeSchedule === undefined) return undefined;
    throw invalid(`'${WAKE_SCHEDULE.key}' needs '${HIBERNATE_AFTER_MS.key}'`, wakeSchedule);
  }
  if (afterMs < MIN_AFTER_MS) {
    throw invalid(`'${HIBERNATE_AFTER_MS.key}' must be at least ${MIN_AFTER_MS} ms`, afterMs);
  }
  if (wakeSchedule !== undefined && !RATE.test(wakeSchedule) && !CRON.test(wakeSchedule)) {
    const example = 'rate(1 hour) or cron(0 8 ? * MON-FRI *)';
    throw invalid(`'${WAKE_SCHEDULE.key}' must be such as ${example}`, wakeSchedule);
  }
  if (checkpointSettings(configuration).intervalMs === undefined) {
    throw new StreamError({
      kind: 'invalid',
      code: 'HIBERNATION_NEEDS_CHECKPOINTS',
      message:
        `a job hibernates behind a checkpoint: set '${CHECKPOINTING_INTERVAL_MS.key}', or take ` +
        `'${HIBERNATE_AFTER_MS.key}' away`,
    });
  }
  return { afterMs, ...(wakeSchedule === undefined ? {} : { wakeSchedule }) };
}

/**
 * How long a slot has to be idle before it tells: half of the time, since it is asked twice.
 *
 * @returns undefined: it need not tell.
 */
export function slotIdleAfterMs(configuration: Configuration): number | undefined {
  const settings = hibernationSettings(configuration);
  return settings && Math.ceil(settings.afterMs / 2);
}

function invalid(what: string, value: string | number): StreamError {
  const message = `option ${what}: value=${value}`;
  return new StreamError({ kind: 'invalid', code: 'INVALID_HIBERNATION', message });
}
