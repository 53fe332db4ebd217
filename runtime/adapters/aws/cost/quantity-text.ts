/** Quantities of an estimate, for people. */
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const LEAST_USD = 1e-6;

/** Dollars and cents; where there are no cents, two digits: `12.34`, `0.0056`, `<0.000001`. */
export function moneyText(usd: number): string {
  if (usd === 0 || usd >= 0.1) return usd.toFixed(2);
  if (usd < LEAST_USD) return `<${LEAST_USD.toFixed(6)}`;
  return usd.toFixed(1 - Math.floor(Math.log10(usd)));
}

export function percentText(share: number): string {
  return `${(share * 100).toPrecision(2)} %`;
}

export function durationText(durationMs: number): string {
  if (durationMs >= 120_000) return `${Math.round(durationMs / 60_000)} min`;
  return `${Number((durationMs / 1_000).toPrecision(2))} s`;
}

export function bytesText(sizeBytes: number): string {
  if (sizeBytes >= GIB) return `${(sizeBytes / GIB).toFixed(1)} GiB`;
  if (sizeBytes >= MIB) return `${(sizeBytes / MIB).toFixed(1)} MiB`;
  return `${(sizeBytes / 1024).toFixed(1)} KiB`;
}
