/** Numbers, sizes and times as people read them. Pure. */

const NONE = '–';
const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const COUNT_UNITS = ['', ' k', ' M', ' G', ' T'] as const;
/** Flink's word for no watermark yet. */
const NO_WATERMARK = -9_007_199_254_740_991;
/** The last watermark of an input that has ended. */
const LAST_WATERMARK = 9_007_199_254_740_991;

/** `1,234`; from 10 k on `12.3 k`. */
export function countText(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count)) return NONE;
  if (Math.abs(count) < 10_000) return Math.round(count).toLocaleString('en-US');
  return scaled(count, 1000, COUNT_UNITS);
}

/** `8`, `1.16`: a function has parts of a processor. Negative: not known. */
export function coresText(cores: number | undefined): string {
  if (cores === undefined || !Number.isFinite(cores) || cores < 0) return NONE;
  return String(Math.round(cores * 100) / 100);
}

/** `3.4 k/s`. */
export function rateText(perSecond: number | undefined): string {
  if (perSecond === undefined || !Number.isFinite(perSecond)) return NONE;
  if (perSecond > 0 && perSecond < 10) return `${perSecond.toFixed(1)}/s`;
  return `${countText(perSecond)}/s`;
}

/** `1.2 MB`, in powers of 1,000. */
export function sizeText(sizeBytes: number | undefined): string {
  if (sizeBytes === undefined || !Number.isFinite(sizeBytes) || sizeBytes < 0) return NONE;
  if (sizeBytes < 1000) return `${Math.round(sizeBytes)} B`;
  const units = SIZE_UNITS.map((unit) => ` ${unit}`);
  return scaled(sizeBytes, 1000, units);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let [scaledValue, index] = [value, 0];
  while (Math.abs(scaledValue) >= base && index < units.length - 1) {
    scaledValue /= base;
    index += 1;
  }
  const digits = Math.abs(scaledValue) < 10 ? 2 : Math.abs(scaledValue) < 100 ? 1 : 0;
  return `${scaledValue.toFixed(digits)}${units[index] ?? ''}`;
}

/** `350 ms`, `12.3 s`, `4 m 05 s`, `3 h 20 m`, `2 d 4 h`. Negative: none. */
export function durationText(durationMs: number | undefined): string {
  if (durationMs === undefined || !Number.isFinite(durationMs) || durationMs < 0) return NONE;
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < 60) return `${(durationMs / 1000).toFixed(1)} s`;
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ];
  const two = (value: number): string => String(value).padStart(2, '0');
  if (hours === 0) return `${minutes} m ${two(seconds % 60)} s`;
  if (days === 0) return `${hours} h ${two(minutes % 60)} m`;
  return `${days} d ${hours % 24} h`;
}

/** Local time: `2026-03-01 14:05:09`. */
export function timeText(epochMs: number | undefined): string {
  if (epochMs === undefined || !Number.isFinite(epochMs) || epochMs < 0) return NONE;
  const time = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

/** `just now`, `12 s ago`, `3 m 02 s ago`. */
export function agoText(epochMs: number, nowEpochMs: number): string {
  const ageMs = nowEpochMs - epochMs;
  if (ageMs < 2000) return 'just now';
  return `${durationText(Math.floor(ageMs / 1000) * 1000).replace('.0 s', ' s')} ago`;
}

/** Event time: in UTC, as the data has it; `no watermark yet`, `end of input`. */
export function watermarkText(watermarkMs: number | undefined): string {
  if (watermarkMs === undefined || Number.isNaN(watermarkMs)) return NONE;
  if (watermarkMs <= NO_WATERMARK) return 'none yet';
  if (watermarkMs >= LAST_WATERMARK) return 'end of input';
  const time = new Date(watermarkMs);
  if (Number.isNaN(time.getTime())) return String(watermarkMs);
  return time.toISOString().replace('T', ' ').replace('Z', '');
}

/** `37 %`. @param share of 1. */
export function percentText(share: number | undefined): string {
  if (share === undefined || !Number.isFinite(share)) return NONE;
  return `${Math.round(share * 100)} %`;
}

/** `1 subtask`, `2 subtasks`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : nouns}`;
}
