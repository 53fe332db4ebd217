/**
 * A durable queue with message groups, and who feeds its messages to functions.
 *
 * I1  Messages of a group are given out in the order in which they came, in batches; one batch of a
 *     group at a time, unless its time is over.
 * I2  A batch that is not deleted in time is given out again, perhaps cut otherwise, whatever
 *     became of its first consumer.
 * I3  A send that was reported as failed may have happened: a message comes at least once.
 */
import type { TurnMessage } from '../jobmaster/index.ts';
import type { FaultyCalls } from './faulty-stores.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

export interface Batch {
  /** The job. */
  readonly group: string;
  readonly receipt: number;
  readonly messages: readonly TurnMessage[];
}

interface Group {
  readonly messages: string[];
  inFlight: { readonly receipt: number; readonly count: number } | undefined;
}

const MAX_BATCH = 10;
const MAX_POLL_MS = 3;
/** Of a message that comes twice. */
const MAX_LATE_MS = 120;
/** I2. */
const VISIBILITY_MS = 250;

export class SimFifoQueue {
  readonly #world: SimWorld;
  readonly #rng: SimRng;
  readonly #consume: (batch: Batch) => void;
  readonly #groups = new Map<string, Group>();
  #nextReceipt = 1;
  duplicateRate: number;

  constructor(world: SimWorld, duplicateRate: number, consume: (batch: Batch) => void) {
    this.#world = world;
    this.#rng = world.rng.stream('fifo queue');
    this.duplicateRate = duplicateRate;
    this.#consume = consume;
  }

  /** I3. From a process. */
  send(calls: FaultyCalls, group: string, message: TurnMessage): Promise<void> {
    const text = JSON.stringify(message);
    return calls.call(`send ${message.type}`, true, async () => this.#put(group, text));
  }

  /** From a service. */
  put(group: string, message: TurnMessage, delayMs = 0): void {
    const text = JSON.stringify(message);
    const latest = this.#rng.chance(this.duplicateRate)
      ? [MAX_POLL_MS, MAX_LATE_MS]
      : [MAX_POLL_MS];
    for (const lateMs of latest) {
      const atMs = delayMs + lateMs * this.#rng.next();
      this.#world.schedule(atMs, `queue ${message.type}`, () => this.#put(group, text));
    }
  }

  /** What was given out and is not wanted again. */
  delete(calls: FaultyCalls, { group: name, receipt }: Batch): Promise<void> {
    return calls.call(`delete batch ${receipt}`, true, async () => {
      const group = this.#group(name);
      // Given out again by then, it is somebody else's.
      if (group.inFlight?.receipt !== receipt) return;
      group.messages.splice(0, group.inFlight.count);
      group.inFlight = undefined;
      this.#poll(name);
    });
  }

  isEmpty(group: string): boolean {
    return this.#group(group).messages.length === 0;
  }

  #put(name: string, text: string): void {
    this.#group(name).messages.push(text);
    this.#poll(name);
  }

  #poll(name: string): void {
    this.#world.schedule(this.#rng.next() * MAX_POLL_MS, `poll ${name}`, () => {
      const group = this.#group(name);
      if (group.inFlight !== undefined || group.messages.length === 0) return;
      const count = Math.min(this.#rng.int(1, MAX_BATCH), group.messages.length);
      const receipt = this.#nextReceipt++;
      group.inFlight = { receipt, count };
      const messages = group.messages.slice(0, count).map((m) => JSON.parse(m) as TurnMessage);
      this.#consume({ group: name, receipt, messages });
      this.#world.schedule(VISIBILITY_MS, `visible again ${name}`, () => {
        if (group.inFlight?.receipt !== receipt) return;
        group.inFlight = undefined;
        this.#poll(name);
      });
    });
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    const group = known ?? { messages: [], inFlight: undefined };
    this.#groups.set(name, group);
    return group;
  }
}
