const COMPACT_FROM = 10_000_000;
const COMPACT_UNITS: readonly (readonly [factor: number, unit: string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `1,234,567`, and from ten million on `12.3 M`. */
export function formatCount(count: number): string {
  if (count >= COMPACT_FROM) return compact(count);
  return String(Math.round(count)).replaceAll(/(?<=\d)(?=(\d{3})+$)/g, ',');
}

/** `850/s`, `12.3 k/s`, `4.56 M/s`. */
export function formatRate(recordsPerSecond: number): string {
  const rate = Math.max(0, recordsPerSecond);
  return rate < 1000 ? `${Math.round(rate)}/s` : `${compact(rate)}/s`;
}

/** `340 ms`, `12 s`, `3 min`, `5 h`. */
export function formatLag(lagMs: number): string {
  if (lagMs < 1000) return `${Math.max(0, Math.round(lagMs))} ms`;
  if (lagMs < 120_000) return `${Math.round(lagMs / 1000)} s`;
  if (lagMs < 7_200_000) return `${Math.round(lagMs / 60_000)} min`;
  return `${Math.round(lagMs / 3_600_000)} h`;
}

/** `01:05`, with hours where there are any. */
export function formatElapsed(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${two(hours)}:${rest}` : rest;
}

/** `2001-01-03 12:00:00` in UTC. */
export function formatEventTime(epochMs: number): string {
  const time = new Date(epochMs);
  if (Number.isNaN(time.getTime())) return '-';
  return time.toISOString().replace('T', ' ').replace(/\..*$/, '');
}

/** ` 42 %`; `<1 %` and `99 %` do not round to what they are not. */
export function formatShare(share: number): string {
  const percent = Math.min(100, Math.max(0, share * 100));
  const rounded = percent > 99 && percent < 100 ? 99 : Math.round(percent);
  return `${rounded} %`;
}

function compact(value: number): string {
  const [factor, unit] = COMPACT_UNITS.find(([least]) => value >= least) ?? [1, ''];
  const scaled = value / factor;
  return `${scaled.toFixed(scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2)} ${unit}`;
}

/** `812 B`, `1.5 KiB`, `20.3 MiB`. */
export function formatBytes(sizeBytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (sizeBytes < 1024) return `${sizeBytes} B`;
  let [size, unit] = [sizeBytes / 1024, 0];
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${size.toFixed(1)} ${units[unit]}`;
}
