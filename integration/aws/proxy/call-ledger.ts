import type { BilledUnits } from './billed-units.ts';
import type { ServiceCall } from './service-call.ts';

/** What was counted for one operation of one service. */
export interface OperationCount {
  readonly calls: number;
  /** Answered with a status of 400 or more. */
  readonly failedCalls: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly units: BilledUnits;
}

/** Counts by `service:Operation`, in the order of first calls. */
export type CallCounts = Readonly<Record<string, OperationCount>>;

const NOTHING: OperationCount = {
  ...{ calls: 0, failedCalls: 0, requestBytes: 0, responseBytes: 0, units: {} },
};

/** Counts the calls that pass, and what AWS would bill for them. */
export class CallLedger {
  readonly #counts = new Map<string, OperationCount>();

  record(call: ServiceCall, counted: Omit<OperationCount, 'calls'>): void {
    const name = `${call.service}:${call.operation}`;
    this.#counts.set(name, added(this.count(name), { calls: 1, ...counted }));
  }

  /** Counts of one operation, such as `sqs:SendMessageBatch`. */
  count(name: string): OperationCount {
    return this.#counts.get(name) ?? NOTHING;
  }

  /** All counts so far; a copy. */
  counts(): CallCounts {
    return Object.fromEntries(this.#counts);
  }

  /** Everything together, or a service's. */
  total(service?: string): OperationCount {
    return [...this.#counts]
      .filter(([name]) => service === undefined || name.startsWith(`${service}:`))
      .reduce((sum, [, count]) => added(sum, count), NOTHING);
  }

  /** Starts again at nothing. */
  clear(): void {
    this.#counts.clear();
  }
}

function added(left: OperationCount, right: OperationCount): OperationCount {
  return {
    calls: left.calls + right.calls,
    failedCalls: left.failedCalls + right.failedCalls,
    requestBytes: left.requestBytes + right.requestBytes,
    responseBytes: left.responseBytes + right.responseBytes,
    units: addedUnits(left.units, right.units),
  };
}

function addedUnits(left: BilledUnits, right: BilledUnits): BilledUnits {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof BilledUnits>;
  return Object.fromEntries(
    [...names].map((name) => [name, (left[name] ?? 0) + (right[name] ?? 0)]),
  );
}
