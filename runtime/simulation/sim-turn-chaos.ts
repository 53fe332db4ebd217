/**
 * What goes wrong for jobs in turns, beside what {@link Chaos} does: who takes a turn dies in the
 * midst of it, between any two of its steps, and the stores do not answer for a while.
 */
import type { FaultPlan } from './fault-plan.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

export interface TurnChaosParts {
  readonly world: SimWorld;
  readonly plan: FaultPlan;
  /** Who takes a turn, if anybody does. */
  readonly busy: () => SimProcess | undefined;
  /** The stores fail, all of them, or do what they did before. */
  readonly setOutage: (isOut: boolean) => void;
}

/** A turn has about as many calls. */
const MAX_FUSE_EFFECTS = 14;
const MAX_OUTAGE_MS = 60;

export class TurnChaos {
  readonly #parts: TurnChaosParts;
  readonly #rng: SimRng;
  #isOver = false;

  constructor(parts: TurnChaosParts) {
    this.#parts = parts;
    this.#rng = parts.world.rng.stream('turn chaos');
    const { killTurn, storeOutage } = parts.plan.meanMs;
    this.#repeat(killTurn, 'kill a turn', () => this.#kill());
    this.#repeat(storeOutage, 'store outage', () => this.#outage());
  }

  end(): void {
    if (!this.#isOver) this.#parts.setOutage(false);
    this.#isOver = true;
  }

  #repeat(meanMs: number, label: string, strike: () => void): void {
    if (!Number.isFinite(meanMs)) return;
    this.#parts.world.schedule(meanMs * 2 * this.#rng.next(), label, () => {
      if (this.#isOver) return;
      strike();
      this.#repeat(meanMs, label, strike);
    });
  }

  #kill(): void {
    const host = this.#parts.busy();
    const effectsLeft = this.#rng.int(0, MAX_FUSE_EFFECTS);
    host?.light({ effectsLeft, strike: () => host.kill() });
  }

  #outage(): void {
    this.#parts.setOutage(true);
    this.#parts.world.schedule(this.#rng.next() * MAX_OUTAGE_MS, 'outage over', () => {
      if (!this.#isOver) this.#parts.setOutage(false);
    });
  }
}
