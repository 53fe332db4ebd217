/**
 * Counts what is asked of AWS against its quotas, and what it costs.
 *
 * I1  The peak of a rate is the most within any window of the quota's length, wherever it begins.
 */
import type { CostLine, CostUnits } from '../adapters/aws/cost/index.ts';
import { AWS_QUOTAS, type AwsQuota, type QuotaName } from './quota-limits.ts';

/** How near a run came to a quota. */
export interface QuotaPeak {
  readonly quota: QuotaName;
  readonly text: string;
  readonly peak: number;
  readonly limit: number;
}

interface Used {
  readonly atMs: number;
  readonly amount: number;
}

export class QuotaMeter {
  readonly #nowMs: () => number;
  readonly #peaks = new Map<QuotaName, number>();
  /** Within the newest window, by quota and what it is counted for. */
  readonly #windows = new Map<string, { used: Used[]; sum: number }>();
  #lines = new Map<string, CostLine>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** I1. @param key what the quota is counted for: a partition, a group, a prefix. */
  rate(quota: QuotaName, key: string, amount = 1): void {
    const { windowMs = 0 }: AwsQuota = AWS_QUOTAS[quota];
    const atMs = this.#nowMs();
    const name = `${quota} ${key}`;
    const window = this.#windows.get(name) ?? { used: [], sum: 0 };
    this.#windows.set(name, window);
    window.used.push({ atMs, amount });
    window.sum += amount;
    for (let first = window.used[0]; first !== undefined; first = window.used[0]) {
      if (first.atMs > atMs - windowMs) break;
      window.sum -= first.amount;
      window.used.shift();
    }
    this.size(quota, window.sum);
  }

  /** Of one thing, or as it stands now. */
  size(quota: QuotaName, amount: number): void {
    this.#peaks.set(quota, Math.max(amount, this.#peaks.get(quota) ?? 0));
  }

  /** Of all quotas that anything was counted for. */
  get peaks(): readonly QuotaPeak[] {
    return [...this.#peaks].map(([quota, peak]) => {
      const { text, limit } = AWS_QUOTAS[quota];
      return { quota, text, peak, limit };
    });
  }

  /** Calls of an operation, with what they are billed. */
  bill(operation: string, units: CostUnits, calls = 1): void {
    const before = this.#lines.get(operation);
    const sums = new Map(Object.entries(before?.units ?? {}));
    for (const [name, count] of Object.entries(units)) {
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
    this.#lines.set(operation, {
      ...{ operation, reason: 'checkpoints', caller: 'code' },
      calls: (before?.calls ?? 0) + calls,
      units: Object.fromEntries(sums),
    });
  }

  /** What was billed since it was asked last. */
  takeBill(): readonly CostLine[] {
    const lines = [...this.#lines.values()];
    this.#lines = new Map();
    return lines;
  }
}
