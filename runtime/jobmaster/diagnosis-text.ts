/** Numbers as the sentences of a diagnosis say them. Pure. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `340 ms`, `12 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h`. */
export function spanText(spanMs: number): string {
  const ms = Math.max(0, Math.round(spanMs));
  if (ms < SECOND_MS) return `${ms} ms`;
  const units = [
    [DAY_MS, 'd', HOUR_MS, 'h'],
    [HOUR_MS, 'h', MINUTE_MS, 'min'],
    [MINUTE_MS, 'min', SECOND_MS, 's'],
  ] as const;
  for (const [unitMs, unit, partMs, part] of units) {
    if (ms < unitMs) continue;
    const rest = Math.floor((ms % unitMs) / partMs);
    return `${Math.floor(ms / unitMs)} ${unit}${rest === 0 ? '' : ` ${rest} ${part}`}`;
  }
  const seconds = ms / SECOND_MS;
  return `${ms % SECOND_MS === 0 || seconds >= 10 ? Math.round(seconds) : seconds.toFixed(1)} s`;
}

/** `1,234,567`. */
export function countText(count: number): string {
  return String(Math.round(count)).replaceAll(/(?<=\d)(?=(\d{3})+$)/g, ',');
}

/** `1 record`, `2,000 records`. */
export function recordsText(count: number): string {
  return `${countText(count)} record${count === 1 ? '' : 's'}`;
}

/** `85 %`, never more than is true. */
export function shareText(share: number): string {
  const percent = Math.floor(Math.min(1, Math.max(0, share)) * 100);
  return share > 0 && percent === 0 ? '<1 %' : `${percent} %`;
}

/** `2026-11-24 12:00:05` in UTC; with milliseconds where there are any. */
export function timeText(epochMs: number): string {
  const days = Math.floor(epochMs / DAY_MS);
  const { year, month, day } = civil(days);
  const ofDayMs = epochMs - days * DAY_MS;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const clock = [ofDayMs / HOUR_MS, (ofDayMs % HOUR_MS) / MINUTE_MS, (ofDayMs % MINUTE_MS) / 1000];
  const ms = Math.floor(ofDayMs % SECOND_MS);
  const rest = ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`;
  return `${year}-${two(month)}-${two(day)} ${clock.map(two).join(':')}${rest}`;
}

/**
 * The date so many days after 1970-01-01.
 *
 * @see https://howardhinnant.github.io/date_algorithms.html#civil_from_days
 */
function civil(days: number): { readonly year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const leapless =
    ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096);
  const yearOfEra = Math.floor(leapless / 365);
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const ofYear = ofEra - (365 * yearOfEra + leapDays);
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/**
 * `subtask 2 (3/4) of "Source: clicks"`: as tables number it, and as names and logs do; the name
 * alone where there is one subtask.
 */
export function subtaskText(name: string, subtaskIndex: number, parallelism: number): string {
  if (parallelism === 1) return `"${name}"`;
  return `subtask ${subtaskIndex} (${subtaskIndex + 1}/${parallelism}) of "${name}"`;
}

/** `a, b and c`; from the sixth on `… and 4 more`. */
export function listText(items: readonly string[]): string {
  const shown = items.length > 6 ? [...items.slice(0, 5), `${items.length - 5} more`] : items;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
