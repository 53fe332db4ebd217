/**
 * Datagrams between processes: lost, repeated, delayed, reordered, and cut off by partitions.
 *
 * I1  A datagram is given to one living process bound to its address, as a queue with several
 *     consumers does; to none when there is none.
 * I2  Once {@link SimNetwork.heal} was called datagrams arrive once and in little time.
 * I3  What was put back is not lost: it comes again until somebody takes it, as in a queue from
 *     which a message goes when its consumer deletes it.
 * I4  Who has unbound hears nothing more, not even what came while its process was stalled: it may
 *     have said already where its successor begins.
 */
import type { BugSwitch } from './planted-bugs.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

export interface NetworkFaults {
  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** How many take up to `stragglerMs`. */
  readonly stragglerRate: number;
  readonly stragglerMs: number;
}

export const GOOD_NETWORK: NetworkFaults = {
  lossRate: 0,
  duplicateRate: 0,
  minDelayMs: 0.2,
  maxDelayMs: 1,
  stragglerRate: 0,
  stragglerMs: 0,
};

interface Binding {
  readonly host: SimProcess;
  /** False: it is not for this receiver. */
  readonly receive: (message: unknown) => unknown;
  isBound: boolean;
}

/** Retention of what nobody takes. */
const MAX_TRIES = 200;
const MAX_PAUSE_MS = 20;

export class SimNetwork {
  readonly #world: SimWorld;
  readonly #rng: SimRng;
  readonly #bindings = new Map<string, Binding[]>();
  readonly #cut = new Set<SimProcess>();
  #faults: NetworkFaults;
  /** For the links over it. */
  readonly bugs: BugSwitch;

  constructor(world: SimWorld, faults: NetworkFaults, bugs: BugSwitch) {
    this.bugs = bugs;
    this.#world = world;
    this.#rng = world.rng.stream('network');
    this.#faults = faults;
  }

  /** I2. */
  heal(): void {
    this.#faults = GOOD_NETWORK;
    this.#cut.clear();
  }

  /** Nothing goes to or from this process until it is joined again. */
  cutOff(host: SimProcess): void {
    this.#cut.add(host);
  }

  join(host: SimProcess): void {
    this.#cut.delete(host);
  }

  /** @returns unbinds. */
  bind(address: string, host: SimProcess, receive: Binding['receive']): () => void {
    const binding: Binding = { host, receive, isBound: true };
    const bound = this.#bindings.get(address) ?? [];
    bound.push(binding);
    this.#bindings.set(address, bound);
    return () => {
      binding.isBound = false;
      const index = bound.indexOf(binding);
      if (index >= 0) bound.splice(index, 1);
    };
  }

  /** I3. Settled once it is durable; it may come more than once. */
  putBack(from: SimProcess, address: string, message: unknown): Promise<void> {
    const delayMs = this.#rng.next() * this.#faults.maxDelayMs;
    return from.call(
      `put back ${address}`,
      { requestMs: delayMs, responseMs: delayMs },
      async () => {
        const copies = this.#rng.chance(this.#faults.duplicateRate) ? 2 : 1;
        for (let i = 0; i < copies; i += 1) this.#deliver(address, message);
      },
    );
  }

  /** At most once, at least never. `message` must not change any more. */
  send(from: SimProcess, address: string, message: unknown): void {
    from.effect(() => {
      const rng = this.#rng;
      const { lossRate, duplicateRate } = this.#faults;
      const copies = rng.chance(lossRate) ? 0 : rng.chance(duplicateRate) ? 2 : 1;
      for (let i = 0; i < copies; i += 1) this.#transmit(from, address, message);
    });
  }

  /** I3. */
  #deliver(address: string, message: unknown, tries = 0): void {
    const { maxDelayMs } = this.#faults;
    this.#world.schedule(
      this.#rng.next() * maxDelayMs + Math.min(tries, MAX_PAUSE_MS),
      `again ${address}`,
      () => {
        const bound = this.#bindings.get(address)?.filter(({ host }) => host.state === 'alive');
        const isTaken = bound?.some(({ receive }) => receive(message) !== false) ?? false;
        const isWanted = tries < MAX_TRIES;
        if (!isTaken && isWanted) this.#deliver(address, message, tries + 1);
      },
    );
  }

  #transmit(from: SimProcess, address: string, message: unknown): void {
    const { minDelayMs, maxDelayMs, stragglerRate, stragglerMs } = this.#faults;
    const rng = this.#rng;
    let delayMs = minDelayMs + rng.next() * (maxDelayMs - minDelayMs);
    if (rng.chance(stragglerRate)) delayMs += rng.next() * stragglerMs;
    this.#world.schedule(delayMs, `deliver ${address}`, () => {
      if (this.#cut.has(from)) return;
      const bound = this.#bindings
        .get(address)
        ?.filter(({ host }) => host.state !== 'dead' && !this.#cut.has(host));
      const chosen = rng.pickOf(bound ?? []);
      // I4.
      chosen?.host.enter(() => {
        if (chosen.isBound) chosen.receive(message);
      });
    });
  }
}
