/**
 * Messages that a queue has handed out, and that the proxy delivers later (or once more).
 *
 * I1  A message is held after its queue has given it out, so its visibility timeout runs: one that
 *     is held longer than that comes from its queue again as well, as on AWS.
 * I2  FIFO queues keep their order: nothing of theirs is held or shuffled, only duplicated.
 */
import type { FaultRules } from './fault-rules.ts';
import type { JsonObject, ServiceCall } from './service-call.ts';

interface HeldMessage {
  readonly message: JsonObject;
  readonly dueMs: number;
}

/** The held messages of all queues. */
export class HeldMessages {
  readonly #rules: FaultRules;
  readonly #nowMs: () => number;
  readonly #held = new Map<string, HeldMessage[]>();
  readonly #listeners = new Set<() => void>();

  constructor(rules: FaultRules, nowMs: () => number) {
    this.#rules = rules;
    this.#nowMs = nowMs;
  }

  /** Lets the rules act on what a queue has given out; returns what is delivered now, in order. */
  filter(call: ServiceCall, messages: readonly JsonObject[]): JsonObject[] {
    const isFifo = call.resource.endsWith('.fifo');
    const delivered: JsonObject[] = [];
    for (const message of messages) {
      const faults = this.#rules.planMessage(call);
      const againInMs = faults.get('duplicate-message');
      const laterInMs = faults.get('hold-message');
      if (againInMs !== undefined) this.hold(call.resource, message, againInMs);
      if (laterInMs !== undefined && !isFifo) this.hold(call.resource, message, laterInMs);
      else delivered.push(message);
      const place = faults.get('shuffle-message');
      if (place !== undefined && !isFifo) swapLast(delivered, place);
    }
    return delivered;
  }

  hold(queue: string, message: JsonObject, delayMs: number): void {
    const held = this.#held.get(queue) ?? [];
    held.push({ message, dueMs: this.#nowMs() + delayMs });
    this.#held.set(
      queue,
      held.sort((left, right) => left.dueMs - right.dueMs),
    );
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` whenever a message is held; the returned function ends that. */
  onHold(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes out at most `maxCount` messages that are due, oldest first. */
  take(queue: string, maxCount: number): JsonObject[] {
    const held = this.#held.get(queue) ?? [];
    const now = this.#nowMs();
    const dueCount = held.findIndex(({ dueMs }) => dueMs > now);
    const count = Math.min(maxCount, dueCount < 0 ? held.length : dueCount);
    return held.splice(0, count).map(({ message }) => message);
  }

  /** How long until a message of this queue is due, or undefined when none is held. */
  dueInMs(queue: string): number | undefined {
    const first = this.#held.get(queue)?.[0];
    return first === undefined ? undefined : Math.max(0, first.dueMs - this.#nowMs());
  }
}

/** Puts the last element to a place drawn in [0, 1), and the one that was there to the end. */
function swapLast(items: JsonObject[], draw: number): void {
  const last = items.length - 1;
  const place = Math.floor(draw * items.length);
  const [moved, other] = [items[last], items[place]];
  if (moved === undefined || other === undefined) return;
  items[place] = moved;
  items[last] = other;
}
