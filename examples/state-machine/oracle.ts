/** What the job's output must be, found without the engine: one event after the other. */
import { type ConnectionState, transition } from './connection.ts';
import { eventAt, SPLIT_COUNT } from './events.ts';
import type { Alert } from './job.ts';

/**
 * The alerts of the events of each split below an index, split by split, in order.
 *
 * @param endIndexes by split, exclusive.
 */
export function expectedAlerts(seed: number, endIndexes: readonly number[]): Alert[] {
  const connections = new Map<string, { state: ConnectionState; eventCount: number }>();
  const alerts: Alert[] = [];
  for (const [split, endIndex] of endIndexes.entries()) {
    for (let at = 0; at < endIndex; at += 1) {
      const { address, index, type } = eventAt(seed, at * SPLIT_COUNT + split);
      const connection = connections.get(address) ?? { state: 'closed', eventCount: 0 };
      connections.set(address, connection);
      connection.eventCount += 1;
      const { state, eventCount: eventNumber } = connection;
      const next = transition(state, type);
      if (next === undefined)
        alerts.push({ address, split, index, state, event: type, eventNumber });
      else connection.state = next;
    }
  }
  return alerts;
}

/** The end indexes of a job that ran with `--events <eventCount>` to its end. */
export function endIndexesOf(eventCount: number): number[] {
  return Array.from({ length: SPLIT_COUNT }, (_, split) =>
    Math.max(0, Math.ceil((eventCount - split) / SPLIT_COUNT)),
  );
}

/** The least end indexes that explain these alerts: just past the last of each split. */
export function endIndexesReached(alerts: readonly Alert[]): number[] {
  const endIndexes = endIndexesOf(0);
  for (const { split, index } of alerts) {
    endIndexes[split] = Math.max(endIndexes[split] ?? 0, index + 1);
  }
  return endIndexes;
}

/** How an output differs from the truth. All empty: it is exactly right. */
export interface AlertDifference {
  readonly lost: readonly Alert[];
  readonly repeated: readonly Alert[];
  /** Alerts there should not be: state was lost, or events came twice or in another order. */
  readonly wrong: readonly Alert[];
}

/**
 * @param endIndexes of the events that were read; {@link endIndexesReached} of the alerts
 * themselves where the job was stopped at an unknown place, but committed all it had prepared.
 */
export function compareAlerts(
  seed: number,
  alerts: readonly Alert[],
  endIndexes: readonly number[] = endIndexesReached(alerts),
): AlertDifference {
  const expected = new Map(expectedAlerts(seed, endIndexes).map((alert) => [keyOf(alert), alert]));
  const seen = new Set<string>();
  const repeated: Alert[] = [];
  const wrong: Alert[] = [];
  for (const alert of alerts) {
    const key = keyOf(alert);
    if (!expected.has(key)) wrong.push(alert);
    else if (seen.has(key)) repeated.push(alert);
    seen.add(key);
  }
  const lost = [...expected].flatMap(([key, alert]) => (seen.has(key) ? [] : [alert]));
  return { lost, repeated, wrong };
}

function keyOf(alert: Alert): string {
  const { address, split, index, state, event, eventNumber } = alert;
  return [address, split, index, state, event, eventNumber].join(' ');
}
