/** Longs: too large for numbers of JSON. The lowest: none has come yet. */
const NO_WATERMARK = '-9223372036854775808';
const LAST_WATERMARK = '9223372036854775807';

/** A watermark as Flink's REST interface writes it. */
export function watermarkText(watermarkMs: number): string {
  if (watermarkMs <= -Number.MAX_SAFE_INTEGER) return NO_WATERMARK;
  return watermarkMs >= Number.MAX_SAFE_INTEGER ? LAST_WATERMARK : String(watermarkMs);
}
