/** How Nexmark's SQL types are written in result rows. */

const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

/** A power of two: recent seconds lie side by side. */
const CACHED_SECOND_COUNT = 64;
const cachedSeconds = new Float64Array(CACHED_SECOND_COUNT).fill(Number.NaN);
const cachedPrefixes = new Array<string>(CACHED_SECOND_COUNT).fill('');

/**
 * TIMESTAMP(3): ISO-8601 in UTC with milliseconds. Times of rows lie close together, so all but
 * the milliseconds is kept for the last seconds asked for: many times as fast as a Date.
 */
export function timestamp(epochMs: number): string {
  const epochSecond = Math.floor(epochMs / 1000);
  const place = epochSecond & (CACHED_SECOND_COUNT - 1);
  if (cachedSeconds[place] !== epochSecond) {
    cachedPrefixes[place] = new Date(epochMs).toISOString().slice(0, -4);
    cachedSeconds[place] = epochSecond;
  }
  return `${cachedPrefixes[place]}${MILLISECONDS[epochMs - epochSecond * 1000]}`;
}

/** DECIMAL(23, 3) of 0.908 × price, exactly: three digits after the point, never rounded. */
export function priceInEuro(price: number): string {
  const thousandths = price * 908;
  const exact = Number.isSafeInteger(thousandths) ? thousandths : BigInt(price) * 908n;
  const sign = exact < 0 ? '-' : '';
  const digits = String(exact).slice(sign.length).padStart(4, '0');
  return `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
