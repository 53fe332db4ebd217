/** Lets faults happen at random moments until the world heals. */
import type { FaultPlan } from './fault-plan.ts';
import type { SimNetwork } from './sim-network.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimRng } from './sim-rng.ts';
import type { SimWorld } from './sim-world.ts';

/** What faults happen to. */
export interface ChaosTarget {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  /** Present processes; a successor takes the place of one that is struck. */
  taskManagers(): readonly SimProcess[];
  jobManager(): SimProcess;
  /** Starts a successor where this one was, whether it is dead or only stalled. */
  replace(host: SimProcess): void;
}

const MAX_FUSE_EFFECTS = 12;
const MAX_DOWN_MS = 80;
const MAX_STALL_MS = 500;
const MAX_CUT_MS = 300;
const MAX_JUMP_MS = 2000;

export class Chaos {
  readonly #target: ChaosTarget;
  readonly #plan: FaultPlan;
  readonly #rng: SimRng;
  readonly #stalled = new Set<SimProcess>();
  #isOver = false;

  constructor(target: ChaosTarget, plan: FaultPlan) {
    this.#target = target;
    this.#plan = plan;
    this.#rng = target.world.rng.stream('chaos');
  }

  start(): void {
    const { meanMs } = this.#plan;
    const taskManager = (): SimProcess | undefined => this.#rng.pickOf(this.#target.taskManagers());
    const jobManager = (): SimProcess => this.#target.jobManager();
    const any = (): SimProcess | undefined =>
      this.#rng.pickOf([...this.#target.taskManagers(), this.#target.jobManager()]);
    this.#repeat(meanMs.killTaskManager, 'kill task manager', () => this.#kill(taskManager()));
    this.#repeat(meanMs.stallTaskManager, 'stall task manager', () => this.#stall(taskManager()));
    this.#repeat(meanMs.killJobManager, 'kill job manager', () => this.#kill(jobManager()));
    this.#repeat(meanMs.stallJobManager, 'stall job manager', () => this.#stall(jobManager()));
    this.#repeat(meanMs.cutOff, 'cut off', () => this.#cutOff(any()));
    this.#repeat(meanMs.clockJump, 'clock jump', () => {
      any()?.jumpClock(this.#rng.int(-MAX_JUMP_MS, MAX_JUMP_MS));
    });
  }

  /** No new faults; who stalls wakes. */
  end(): void {
    this.#isOver = true;
    for (const host of this.#stalled) host.wake();
  }

  #repeat(meanMs: number, label: string, strike: () => void): void {
    if (!Number.isFinite(meanMs)) return;
    const delayMs = meanMs * 2 * this.#rng.next();
    this.#target.world.schedule(delayMs, label, () => {
      if (this.#isOver) return;
      strike();
      this.#repeat(meanMs, label, strike);
    });
  }

  /** At one of its next effects: between any two commands, at any await. */
  #kill(host: SimProcess | undefined): void {
    if (host === undefined) return;
    const strike = (): void => {
      host.kill();
      this.#after(this.#rng.next() * MAX_DOWN_MS, 'restart', () => this.#target.replace(host));
    };
    if (this.#rng.chance(0.3)) strike();
    else host.light({ effectsLeft: this.#rng.int(0, MAX_FUSE_EFFECTS), strike });
  }

  /** It wakes later; a successor may have started by then. */
  #stall(host: SimProcess | undefined): void {
    if (host === undefined) return;
    const strike = (): void => {
      host.stall();
      this.#stalled.add(host);
      this.#after(this.#rng.next() * MAX_STALL_MS, 'wake', () => host.wake());
      if (this.#rng.chance(0.5)) {
        const delayMs = this.#rng.next() * MAX_DOWN_MS;
        this.#after(delayMs, 'replace', () => this.#target.replace(host));
      }
    };
    if (this.#rng.chance(0.3)) strike();
    else host.light({ effectsLeft: this.#rng.int(0, MAX_FUSE_EFFECTS), strike });
  }

  #cutOff(host: SimProcess | undefined): void {
    if (host === undefined) return;
    this.#target.network.cutOff(host);
    const delayMs = this.#rng.next() * MAX_CUT_MS;
    this.#after(delayMs, 'join', () => this.#target.network.join(host));
  }

  #after(delayMs: number, label: string, act: () => void): void {
    this.#target.world.schedule(delayMs, label, act);
  }
}
