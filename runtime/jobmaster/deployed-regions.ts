import type { CheckpointBarrier, SlotCommand, SubtaskRef } from '../protocol/index.ts';
import type { RegionExecution } from './region-execution.ts';
import type { SleepingRegion } from './sleeping-job.ts';
import type { SlotPlace } from './slot-launcher.ts';

/** The present attempt of every region that was deployed. */
export class DeployedRegions {
  readonly #regions = new Map<number, RegionExecution>();

  /** By slot: the process that runs it, or ran it last, where that is known. */
  places(): ReadonlyMap<number, SlotPlace> {
    const places = new Map<number, SlotPlace>();
    for (const region of this.#regions.values()) {
      for (const slotIndex of region.slotIndexes) {
        const place = region.placeOf(slotIndex);
        if (place !== undefined) places.set(slotIndex, place);
      }
    }
    return places;
  }

  /** By slot: the id of the process that runs it, where that is known. */
  taskManagers(): ReadonlyMap<number, string> {
    return new Map([...this.places()].map(([slot, { taskManagerId }]) => [slot, taskManagerId]));
  }

  get(regionIndex: number): RegionExecution | undefined {
    return this.#regions.get(regionIndex);
  }

  /** @returns the attempt before, which is none of them any more. */
  replace(regionIndex: number, region: RegionExecution): RegionExecution | undefined {
    const previous = this.#regions.get(regionIndex);
    this.#regions.set(regionIndex, region);
    return previous;
  }

  /** Whether it is its region's present attempt. */
  has(region: RegionExecution): boolean {
    return [...this.#regions.values()].includes(region);
  }

  send(slotIndex: number, command: SlotCommand): void {
    for (const region of this.#regions.values()) {
      if (region.slotIndexes.includes(slotIndex)) region.send(slotIndex, command);
    }
  }

  broadcast(command: SlotCommand): void {
    for (const region of this.#regions.values()) region.broadcast(command);
  }

  /** To every slot, each with those of the tasks it holds. */
  trigger(
    barrier: CheckpointBarrier,
    tasks: readonly SubtaskRef[],
    slotOf: (task: SubtaskRef) => number,
  ): void {
    for (const { slotIndexes } of this.#regions.values()) {
      for (const slotIndex of slotIndexes) {
        const own = tasks.filter((task) => slotOf(task) === slotIndex);
        this.send(slotIndex, { type: 'trigger-checkpoint', barrier, tasks: own });
      }
    }
  }

  /** Ends every slot of every region. */
  async terminate(): Promise<void> {
    await Promise.all([...this.#regions.values()].map((region) => region.terminate()));
  }

  sleep(): readonly SleepingRegion[] {
    return [...this.#regions.values()].map((region) => region.sleep());
  }

  clear(): void {
    this.#regions.clear();
  }
}
