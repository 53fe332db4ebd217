/** What keeps a watermark where it is, at the subtask that makes it. Pure. */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS } from '../core/index.ts';
import { type JobModel, reached } from './diagnosed-job.ts';
import type { Finding, FindingCode, FindingSeverity } from './diagnosis.ts';
import {
  countText,
  listText,
  recordsText,
  spanText,
  subtaskText,
  timeText,
} from './diagnosis-text.ts';
import { isInPace, isSparse, operatorPace, type Pace, paceOf } from './operator-pace.ts';
import {
  type HeldResults,
  heldEvidence,
  heldText,
  lagText,
  originText,
  recentOf,
  type WatermarkOrigin,
  watermarkText,
} from './watermark-origin.ts';

/** Of a partition without a record nothing is said before. */
const SILENT_AFTER_MS = 5_000;
/** Nor is it called idle before: its first record may be on its way. */
const FIRST_RECORD_MS = 30_000;
/** With one record nobody knows its pace, and the next may be on its way. */
const SECOND_RECORD_MS = 60_000;
/** So many, over so long, that one of them is expected to be later than the others. */
const MANY_RECORDS = 20;
const SAME_TIME_MS = 8_000;
/** Inputs that are closer are so by chance, or by their out-of-orderness. */
const FAR_MS = 60_000;
/** What looks like seconds is one of the fifty years around now, if it is. */
const FIFTY_YEARS_MS = 50 * 365.25 * 86_400_000;

interface Told {
  readonly code: FindingCode;
  readonly severity: FindingSeverity;
  /** Follows what is held. */
  readonly cause: string;
  readonly advice: string;
  readonly evidence?: Readonly<Record<string, number | string | boolean>>;
  readonly splitId?: string;
}

/** Undefined: it goes on as it should. */
export function originFinding(
  model: JobModel,
  results: HeldResults,
  origin: WatermarkOrigin,
): Finding | undefined {
  const told = tell(model, results, origin);
  if (told === undefined) return undefined;
  const { code, severity, cause, advice, evidence, splitId } = told;
  const { operator, at } = origin;
  const { held, watermarkMs } = results;
  const behind = { ...(origin.aheadMs === MIN_TIMESTAMP_MS ? {} : { aheadMs: origin.aheadMs }) };
  const place = origin.input ?? (splitId === undefined ? undefined : ownInput(origin));
  return {
    ...{ code, severity },
    sentence: `${heldText(held, results.operator.name)}; ${cause}.`,
    advice,
    evidence: {
      ...heldEvidence(held),
      ...(watermarkMs === MIN_TIMESTAMP_MS ? {} : { watermarkMs }),
      ...behind,
      ...evidence,
    },
    ...{ vertexId: operator.vertex.id, vertexName: operator.vertex.name, operator: operator.name },
    subtaskIndex: at.subtask.subtaskIndex,
    ...(place === undefined
      ? {}
      : { input: splitId === undefined ? place : { ...place, splitId } }),
  };
}

function ownInput({ operator, at }: WatermarkOrigin) {
  const { id, name } = operator.vertex;
  const fromSubtask = at.subtask.subtaskIndex;
  return { inputIndex: 0, fromVertexId: id, fromVertexName: name, fromSubtask };
}

/** The likeliest cause; each excludes those below it. */
function tell(model: JobModel, results: HeldResults, origin: WatermarkOrigin): Told | undefined {
  const { facts } = origin.at;
  if (putsOut(results)) return farBehind(model, results, origin);
  if (facts.watermarks?.makesAny === false) return withoutStrategy(origin);
  const isNone = facts.watermarkMs === undefined;
  if (facts.numRecordsOut === 0) return silent(model, origin);
  const bySplit = heldBySplit(model, results, origin);
  if (bySplit !== undefined) return bySplit;
  if (isNone) return model.runningForMs === undefined ? undefined : neverEmitted(model, origin);
  const seconds = timestampsInSeconds(model, origin);
  if (seconds !== undefined) return seconds;
  const recent = recentOf(origin.operator, origin.at);
  const pace = paceOf(origin.at.subtask, origin.operator.position, model.job.nowEpochMs);
  if (pace !== undefined && (isSparse(pace) || awaitsSecond(pace, origin))) {
    return goesOnAtItsPace(model, results, origin, pace);
  }
  if (recent?.count === 0 && !isInPace(pace)) {
    return quiet(results, origin, pace?.silentForMs ?? recent.spanMs);
  }
  if (recent !== undefined && isFarBehind(results, origin)) return heldBack(results, origin);
  if (results.operator.numRecordsOut > 0) return undefined;
  return sameTime(results, origin, recent) ?? waiting(results, origin);
}

/** Beside others that go on: without them nothing is known but that time stands. */
function awaitsSecond(
  { usualGapMs, silentForMs }: Pace,
  { at, aheadMs }: WatermarkOrigin,
): boolean {
  const isBehind = aheadMs > reached(at.facts.watermarkMs);
  return isBehind && usualGapMs === undefined && inTime(silentForMs, SECOND_RECORD_MS);
}

function inTime(spanMs: number | undefined, limitMs: number): boolean {
  return spanMs !== undefined && spanMs >= SILENT_AFTER_MS && spanMs < limitMs;
}

/** Of late: what it holds is not all that there is. */
function putsOut({ operator: { numRecordsOut, recentOut } }: HeldResults): boolean {
  return numRecordsOut > 0 && recentOut !== 0;
}

/** One input has results of its own, and those of the other wait for it. */
function farBehind(
  { job }: JobModel,
  results: HeldResults,
  origin: WatermarkOrigin,
): Told | undefined {
  const pace = paceOf(origin.at.subtask, origin.operator.position, job.nowEpochMs);
  return isFarBehind(results, origin) && !isSparse(pace) ? heldBack(results, origin) : undefined;
}

/** By more than chance, and what is held waits for it alone. */
function isFarBehind({ held }: HeldResults, { at, aheadMs }: WatermarkOrigin): boolean {
  const { watermarkMs } = at.facts;
  const isFar = watermarkMs !== undefined && aheadMs - watermarkMs >= FAR_MS;
  return isFar && aheadMs >= held.untilMs;
}

/** Its records come seldom, and event time goes on with each. Undefined: so do results. */
function goesOnAtItsPace(
  { job }: JobModel,
  { operator: holder, held }: HeldResults,
  { at, operator, aheadMs }: WatermarkOrigin,
  { usualGapMs, silentForMs }: Pace,
): Told | undefined {
  if (isInPace(operatorPace(holder, job.nowEpochMs))) return undefined;
  const { parallelism } = operator.vertex;
  const who = subtaskText(operator.name, at.subtask.subtaskIndex, parallelism);
  const pace = usualGapMs === undefined ? 'so far' : `about each ${spanText(usualGapMs)}`;
  const watermarkMs = reached(at.facts.watermarkMs);
  return {
    code: 'WAITS_FOR_WATERMARK',
    severity: 'info',
    cause:
      `its watermark has ${spanText(held.untilMs - watermarkMs)} to go, and moves on with each ` +
      `record of ${who}: one came ${pace}, the last ${spanText(silentForMs)} ago`,
    advice:
      aheadMs > watermarkMs
        ? 'Nothing need be done if that is its pace. withIdleness on its WatermarkStrategy lets ' +
          'the other inputs go on between its records.'
        : 'Nothing need be done if that is its pace: only its records move event time on.',
    evidence: {
      missingMs: held.untilMs - watermarkMs,
      silentForMs,
      ...(usualGapMs === undefined ? {} : { usualGapMs: Math.round(usualGapMs) }),
    },
  };
}

function withoutStrategy(origin: WatermarkOrigin): Told {
  const isBounded = origin.operator.source?.boundedness === 'BOUNDED';
  const name = origin.operator.name;
  return {
    code: 'NO_WATERMARK_STRATEGY',
    severity: isBounded ? 'warning' : 'error',
    cause: isBounded
      ? `"${name}" makes no watermarks before its input has ended`
      : `"${name}" makes no watermarks (WatermarkStrategy.noWatermarks()), so event time never ` +
        'passes and nothing fires',
    advice:
      'Give the source a strategy, WatermarkStrategy.forBoundedOutOfOrderness(…).withTimestamp' +
      'Assigner(…), or call assignTimestampsAndWatermarks before the window; or use windows of ' +
      'processing time.',
    evidence: { makesWatermarks: false, numRecordsOut: origin.at.facts.numRecordsOut },
  };
}

/** It has read nothing at all. */
function silent(model: JobModel, origin: WatermarkOrigin): Told | undefined {
  const forMs = model.runningForMs;
  if (forMs === undefined || forMs < SILENT_AFTER_MS) return undefined;
  const { operator, at } = origin;
  const others = operator.subtasks.filter(({ facts }) => facts.numRecordsOut > 0);
  // Nobody reads anything: the source is told of.
  if (others.length === 0 && origin.aheadMs === MIN_TIMESTAMP_MS) return undefined;
  const idlenessMs = at.facts.watermarks?.idlenessMs;
  const mute = operator.subtasks.filter(({ facts }) => isMute(facts.numRecordsOut, facts));
  const { parallelism } = operator.vertex;
  const numbers = mute.map(({ subtask }) => String(subtask.subtaskIndex));
  const who =
    mute.length > 1
      ? `subtasks ${listText(numbers)} (of 0 to ${parallelism - 1}) of "${operator.name}" have`
      : `${originText(origin)} has`;
  const given = at.facts.splits?.givenCount;
  const evidence = {
    silentSubtasks: mute.length,
    parallelism,
    runningForMs: forMs,
    ...(given === undefined ? {} : { splits: given }),
  };
  if (idlenessMs !== undefined && forMs < 2 * idlenessMs) {
    return {
      code: 'WAITS_FOR_IDLENESS',
      severity: 'info',
      cause: `${who} read nothing yet and count as idle after ${spanText(idlenessMs)}`,
      advice: 'Nothing need be done: a shorter withIdleness would wait less.',
      evidence: { ...evidence, idlenessMs },
    };
  }
  // Where there are splits for some only, no time helps.
  if (given !== 0 && forMs < FIRST_RECORD_MS) {
    return firstRecordAwaited(
      `${who} read nothing yet, ${spanText(forMs)} after the start`,
      evidence,
    );
  }
  const splits =
    given === 0 ? ', for there are fewer splits (files, partitions) than subtasks' : '';
  return {
    code: 'IDLE_PARTITION',
    severity: 'error',
    cause:
      `${who} read nothing since the start (${spanText(forMs)})${splits}, and without a ` +
      'watermark of theirs that of the whole input stays where it is',
    advice:
      "Call withIdleness('30 s') on the source's WatermarkStrategy: what is silent for that long " +
      `holds nothing back. Or give "${operator.name}" no more subtasks than there are splits.`,
    evidence,
  };
}

function firstRecordAwaited(cause: string, evidence: Told['evidence'] = {}): Told {
  return {
    code: 'WAITS_FOR_WATERMARK',
    severity: 'info',
    cause: `${cause}, and the watermark of the whole input waits for the first record`,
    advice:
      'Nothing need be done if its first record is on its way. withIdleness on the ' +
      'WatermarkStrategy of the source lets the others go on without it.',
    evidence,
  };
}

function isMute(
  numRecordsOut: number,
  { watermarkMs }: { readonly watermarkMs?: number },
): boolean {
  return numRecordsOut === 0 && watermarkMs !== MAX_WATERMARK_MS;
}

/** One of the splits that a reader reads at once is behind the others. */
function heldBySplit(
  { runningForMs }: JobModel,
  { held }: HeldResults,
  origin: WatermarkOrigin,
): Told | undefined {
  const { facts } = origin.at;
  const { count = 0, lowest, highest } = facts.splits?.open ?? {};
  if (lowest === undefined || highest === undefined || count < 2) return undefined;
  const lowMs = reached(lowest.watermarkMs);
  const highMs = reached(highest.watermarkMs);
  if (lowMs !== reached(facts.watermarkMs) || highMs <= lowMs) return undefined;
  const behind = lowMs === MIN_TIMESTAMP_MS ? undefined : highMs - lowMs;
  const isSilent = behind === undefined;
  // What is held waits without it too, or only as long as splits are apart by chance.
  const goesOn = (origin.at.subtask.metrics.recent?.watermarkAdvanceMs ?? 0) > 0;
  const allowedMs = goesOn ? FAR_MS : SILENT_AFTER_MS;
  if (!isSilent && (behind < allowedMs || highMs < held.untilMs)) return undefined;
  const who = `split "${lowest.splitId}" of ${originText(origin)}`;
  if (isSilent && runningForMs !== undefined && runningForMs < FIRST_RECORD_MS) {
    return firstRecordAwaited(`${who} has given no record yet`, { splits: count, runningForMs });
  }
  return {
    code: isSilent ? 'IDLE_PARTITION' : 'WATERMARK_HELD_BACK',
    severity: isSilent ? 'error' : 'warning',
    cause: isSilent
      ? `${who} has given no record, and holds back the other ${count - 1}`
      : `${who} is ${spanText(behind)} of event time behind split "${highest.splitId}" and holds ` +
        'back the others',
    advice: isSilent
      ? "Call withIdleness('30 s') on the source's WatermarkStrategy: a split that is silent for " +
        'that long holds nothing back.'
      : 'Find out why that split is behind, or has stopped: withIdleness lets the others go on ' +
        'when it is silent.',
    evidence: {
      ...{ splitId: lowest.splitId, splits: count, highestMs: highMs },
      ...(behind === undefined ? {} : { lowestMs: lowMs, behindMs: behind }),
    },
    splitId: lowest.splitId,
  };
}

function neverEmitted(model: JobModel, origin: WatermarkOrigin): Told | undefined {
  const { watermarks, numRecordsOut } = origin.at.facts;
  const intervalMs = watermarks?.intervalMs ?? 0;
  const forMs = model.runningForMs ?? 0;
  if (forMs < SILENT_AFTER_MS && intervalMs > 0) return undefined;
  const isOff = intervalMs <= 0;
  return {
    code: 'WATERMARKS_NEVER_EMITTED',
    severity: 'error',
    cause:
      `"${origin.operator.name}" has seen ${recordsText(numRecordsOut)} and made no watermark` +
      (isOff ? ', because pipeline.auto-watermark-interval is 0' : ''),
    advice: isOff
      ? 'Set pipeline.auto-watermark-interval (200 ms by default), or let the generator emit in ' +
        'onEvent.'
      : 'Its WatermarkGenerator must call output.emitWatermark in onEvent or onPeriodicEmit; ' +
        'does a condition in it never hold?',
    evidence: { numRecordsOut, intervalMs },
  };
}

function timestampsInSeconds(
  { job }: JobModel,
  { at, operator }: WatermarkOrigin,
): Told | undefined {
  const watermarkMs = reached(at.facts.watermarkMs);
  const isSmall = watermarkMs > 100_000_000 && watermarkMs < 10_000_000_000;
  const distanceMs = Math.abs(watermarkMs * 1000 - job.nowEpochMs);
  // A clock that is no calendar's, as in tests, tells nothing.
  const isCalendar = job.nowEpochMs > 1_000_000_000_000;
  if (!isSmall || !isCalendar || distanceMs > FIFTY_YEARS_MS) return undefined;
  return {
    code: 'TIMESTAMPS_IN_SECONDS',
    severity: 'error',
    cause:
      `the watermark of "${operator.name}" is at ${timeText(watermarkMs)}: its timestamps look ` +
      'like seconds, not milliseconds',
    advice: 'Multiply by 1000 what the timestamp assigner answers: event time is in milliseconds.',
    evidence: { watermarkMs, asSeconds: timeText(watermarkMs * 1000) },
  };
}

/** It has read, and reads nothing any more. */
function quiet(results: HeldResults, origin: WatermarkOrigin, spanMs: number): Told {
  const { at, operator } = origin;
  const watermarkMs = reached(at.facts.watermarkMs);
  const isAlone = origin.aheadMs <= watermarkMs;
  const evidence = {
    numRecordsOut: at.facts.numRecordsOut,
    silentForMs: spanMs,
    ...(isAlone ? {} : { behindMs: origin.aheadMs - watermarkMs }),
  };
  const idlenessMs = at.facts.watermarks?.idlenessMs;
  if (isAlone) {
    const missingMs = results.held.untilMs - watermarkMs;
    return {
      code: 'WATERMARK_STANDS_STILL',
      severity: 'error',
      cause:
        `the watermark stands at ${timeText(watermarkMs)}, ${spanText(missingMs)} short, because ` +
        `"${operator.name}" has given no newer record for ${spanText(spanMs)}: only records move ` +
        'event time',
      advice:
        'Send a record with a later timestamp (live input does), stop the job with --drain to ' +
        'close the windows, or use windows of processing time.',
      evidence: { ...evidence, missingMs },
    };
  }
  const known = idlenessMs === undefined ? {} : { idlenessMs };
  return {
    code: idlenessMs === undefined ? 'IDLE_PARTITION' : 'WAITS_FOR_IDLENESS',
    severity: idlenessMs === undefined ? 'error' : 'info',
    cause:
      `${originText(origin)} has given nothing for ${spanText(spanMs)}; its watermark ` +
      `(${timeText(watermarkMs)}) is ${lagText(origin)} behind the others and holds them back`,
    advice:
      idlenessMs === undefined
        ? "Call withIdleness('30 s') on its WatermarkStrategy: what is silent for that long " +
          'holds nothing back.'
        : `Nothing need be done: it counts as idle after ${spanText(idlenessMs)}.`,
    evidence: { ...evidence, ...known },
  };
}

/** It goes on, but is behind. */
function heldBack({ operator: holder }: HeldResults, origin: WatermarkOrigin): Told {
  const { at, operator } = origin;
  const watermarkMs = reached(at.facts.watermarkMs);
  const behindMs = origin.aheadMs - watermarkMs;
  const recent = at.subtask.metrics.recent;
  const perSecondMs =
    recent?.watermarkAdvanceMs === undefined
      ? undefined
      : Math.round((recent.watermarkAdvanceMs * 1000) / recent.spanMs);
  return {
    code: 'WATERMARK_HELD_BACK',
    severity: holder.numRecordsOut === 0 ? 'error' : 'warning',
    cause:
      `the watermark of ${originText(origin)} is ${spanText(behindMs)} of event time behind the ` +
      `other input (${timeText(watermarkMs)} against ${timeText(origin.aheadMs)}) and holds ` +
      `it back`,
    advice:
      `Let "${operator.name}" catch up: more subtasks or less work for it, or is its input ` +
      `itself ` +
      'delayed, or its out-of-orderness much larger?',
    evidence: {
      behindMs,
      ...(perSecondMs === undefined ? {} : { advancePerSecondMs: perSecondMs }),
    },
  };
}

/** Records come, and event time does not go on with them. */
function sameTime(
  { held }: HeldResults,
  { at, operator }: WatermarkOrigin,
  recent: ReturnType<typeof recentOf>,
): Told | undefined {
  const { watermarkAdvanceMs } = at.subtask.metrics.recent ?? {};
  if (recent === undefined || watermarkAdvanceMs !== 0) return undefined;
  const { count, spanMs } = recent;
  if (count < MANY_RECORDS || spanMs < SAME_TIME_MS) return undefined;
  const watermarkMs = reached(at.facts.watermarkMs);
  const missingMs = held.untilMs - watermarkMs;
  return {
    code: 'WATERMARK_STANDS_STILL',
    severity: 'warning',
    cause:
      `the watermark stands at ${timeText(watermarkMs)}, ${spanText(missingMs)} short: ` +
      `${recordsText(count)} came from "${operator.name}" in the last ${spanText(spanMs)}, none ` +
      'with a later timestamp',
    advice:
      'Look at what the timestamp assigner answers: a field that is the same in all records, or ' +
      'out of one that was set when the job began? If timestamps are that coarse, wait.',
    evidence: { missingMs, numRecordsOut: count, spanMs, speed: '0 ms/s' },
  };
}

/** All is well: it takes its time. */
function waiting(results: HeldResults, { at }: WatermarkOrigin): Told {
  const { held, watermarkMs, subtask } = results;
  const recent = subtask.metrics.recent ?? at.subtask.metrics.recent;
  const { watermarkAdvanceMs = 0, spanMs = 1 } = recent ?? {};
  const missingMs = held.untilMs - reached(at.facts.watermarkMs);
  const inMs = watermarkAdvanceMs > 0 ? (missingMs * spanMs) / watermarkAdvanceMs : undefined;
  const when = inMs === undefined ? '' : `, at its present speed in ${spanText(inMs)}`;
  return {
    code: 'WAITS_FOR_WATERMARK',
    severity: 'info',
    cause: `its watermark has ${spanText(missingMs)} to go${when} (${watermarkText(watermarkMs)})`,
    advice: 'Nothing need be done. Smaller windows, or less out-of-orderness, put out sooner.',
    evidence: {
      missingMs,
      ...(inMs === undefined ? {} : { expectedInMs: Math.round(inMs) }),
      speed: `${countText((watermarkAdvanceMs * 1000) / spanMs)} ms/s`,
    },
  };
}
