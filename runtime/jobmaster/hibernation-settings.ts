/** Whether a job hibernates, and what wakes it: out of its configuration, and of its sources. */
import { checkpointSettings } from '../checkpoint/index.ts';
import {
  anyOfPatterns,
  type EventPattern,
  eventPatternFault,
  MAX_PATTERN_CHARS,
  type WakeOffer,
} from '../connectors/index.ts';
import { ConfigOptions, type Configuration, StreamError } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import type { HibernationSettings } from './hibernation.ts';

/** Sleep and waking cost more than such a pause. */
const MIN_AFTER_MS = 10;
/** Each is made when the job falls asleep, and deleted when it wakes. */
export const MAX_WAKE_SCHEDULES = 4;
/** As EventBridge Scheduler has them: a period, or minutes, hours, days, months, weekdays, years. */
const RATE = /^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$/;
const CRON = /^cron\((\S+ ){5}\S+\)$/;
const SCHEDULES = 'such as rate(1 hour) or cron(0 8 ? * MON-FRI *)';

/** Whose sources say what wakes them. */
export type WakingGraph = Pick<StreamGraph, 'nodes'>;

/**
 * Undefined: the job never hibernates.
 *
 * @throws {StreamError} kind `invalid`: `INVALID_HIBERNATION`, for what cannot be;
 * `HIBERNATION_NEEDS_CHECKPOINTS`. Kind `user`: `INVALID_WAKE_OFFER`, of a source.
 */
export function hibernationSettings(
  configuration: Configuration,
  graph: WakingGraph,
): HibernationSettings | undefined {
  const afterMs = hibernateAfterMs(configuration);
  if (afterMs === undefined) return undefined;
  const { WAKE_SCHEDULE, WAKE_EVENTS } = ConfigOptions;
  const wakeSchedule = configuration.get(WAKE_SCHEDULE);
  const option = configuration.get(WAKE_EVENTS);
  const offers = offersOf(graph);
  const schedules = offers.flatMap((offer) => (offer.kind === 'schedule' ? [offer.schedule] : []));
  const others = [...new Set(schedules)].filter((schedule) => schedule !== wakeSchedule);
  checkCount(others.length + (wakeSchedule === undefined ? 0 : 1));
  const patterns = [
    ...(option === undefined ? [] : [JSON.parse(option) as EventPattern]),
    ...offers.flatMap((offer) => (offer.kind === 'events' ? [offer.pattern] : [])),
  ];
  return {
    afterMs,
    ...(wakeSchedule === undefined ? {} : { wakeSchedule }),
    ...(others.length === 0 ? {} : { wakeSchedules: others }),
    ...(patterns.length === 0 ? {} : { wakeEvents: joinedEvents(patterns) }),
  };
}

/**
 * How long a slot has to be idle before it tells: half of the time, since it is asked twice.
 *
 * @returns undefined: it need not tell.
 * @throws {StreamError} as {@link hibernationSettings}, of the configuration.
 */
export function slotIdleAfterMs(configuration: Configuration): number | undefined {
  const afterMs = hibernateAfterMs(configuration);
  return afterMs && Math.ceil(afterMs / 2);
}

/** With all that concerns it in the configuration checked. */
function hibernateAfterMs(configuration: Configuration): number | undefined {
  const { HIBERNATE_AFTER_MS, WAKE_SCHEDULE, WAKE_EVENTS } = ConfigOptions;
  const afterMs = configuration.get(HIBERNATE_AFTER_MS);
  const wakeSchedule = configuration.get(WAKE_SCHEDULE);
  const wakeEvents = configuration.get(WAKE_EVENTS);
  if (afterMs === undefined) {
    const needs = `needs '${HIBERNATE_AFTER_MS.key}'`;
    if (wakeSchedule !== undefined)
      throw invalid(`option '${WAKE_SCHEDULE.key}' ${needs}`, wakeSchedule);
    if (wakeEvents !== undefined) throw invalid(`option '${WAKE_EVENTS.key}' ${needs}`, wakeEvents);
    return undefined;
  }
  if (afterMs < MIN_AFTER_MS) {
    throw invalid(
      `option '${HIBERNATE_AFTER_MS.key}' must be at least ${MIN_AFTER_MS} ms`,
      afterMs,
    );
  }
  if (wakeSchedule !== undefined && !isSchedule(wakeSchedule)) {
    throw invalid(`option '${WAKE_SCHEDULE.key}' must be ${SCHEDULES}`, wakeSchedule);
  }
  const fault = wakeEvents === undefined ? undefined : patternTextFault(wakeEvents);
  if (fault !== undefined) {
    const what = `option '${WAKE_EVENTS.key}' must be an event pattern of EventBridge: ${fault}`;
    throw invalid(what, `${wakeEvents}`);
  }
  requireCheckpoints(configuration);
  return afterMs;
}

function requireCheckpoints(configuration: Configuration): void {
  if (checkpointSettings(configuration).intervalMs !== undefined) return;
  const { HIBERNATE_AFTER_MS, CHECKPOINTING_INTERVAL_MS } = ConfigOptions;
  throw new StreamError({
    kind: 'invalid',
    code: 'HIBERNATION_NEEDS_CHECKPOINTS',
    message:
      `a job hibernates behind a checkpoint: set '${CHECKPOINTING_INTERVAL_MS.key}', or take ` +
      `'${HIBERNATE_AFTER_MS.key}' away`,
  });
}

function isSchedule(text: string): boolean {
  return RATE.test(text) || CRON.test(text);
}

function patternTextFault(text: string): string | undefined {
  try {
    return eventPatternFault(JSON.parse(text));
  } catch (thrown) {
    return `it is no JSON (${(thrown as Error).message})`;
  }
}

/** Of all sources, checked. */
function offersOf({ nodes }: WakingGraph): readonly WakeOffer[] {
  return nodes.flatMap(({ body }) => {
    if (body.kind !== 'source') return [];
    const { source } = body;
    const offers = source.wakeOffers?.() ?? [];
    for (const offer of offers) {
      const fault = offerFault(offer);
      if (fault === undefined) continue;
      throw new StreamError({
        kind: 'user',
        code: 'INVALID_WAKE_OFFER',
        message: `the source "${source.name}" offers what cannot wake a job: ${fault}`,
        details: { source: source.name },
      });
    }
    return offers;
  });
}

function offerFault(offer: WakeOffer): string | undefined {
  switch (offer.kind) {
    case 'events':
      return eventPatternFault(offer.pattern);
    case 'schedule':
      return isSchedule(offer.schedule)
        ? undefined
        : `a schedule must be ${SCHEDULES}: schedule=${offer.schedule}`;
    default:
      return `it is of no kind this release knows: kind=${(offer as { kind?: unknown }).kind}`;
  }
}

function checkCount(count: number): void {
  if (count <= MAX_WAKE_SCHEDULES) return;
  throw invalid(`a job is woken by ${MAX_WAKE_SCHEDULES} schedules at the most`, count);
}

function joinedEvents(patterns: readonly EventPattern[]): string {
  const text = JSON.stringify(anyOfPatterns(patterns));
  if (text.length <= MAX_PATTERN_CHARS) return text;
  const what = `the event patterns that wake a job take ${MAX_PATTERN_CHARS} characters at the most`;
  throw invalid(`${what}, in all`, text.length);
}

function invalid(what: string, value: string | number): StreamError {
  const message = `${what}: value=${value}`;
  return new StreamError({ kind: 'invalid', code: 'INVALID_HIBERNATION', message });
}
