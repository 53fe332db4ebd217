/**
 * Puts the regions of a job into slots: which attempts there are, by which plan, from what state.
 *
 * Owns the plan, the parallelism and the attempts. Does not own the job's state: what it finds out
 * it tells the job, which decides.
 *
 * I1  An attempt is durable in the journal before any slot of it is launched.
 * I2  No slot is launched, and no plan replaced, before its predecessors are gone.
 * I3  A job whose master works in turns is one region: its slots start and stop together.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CheckpointTask } from '../checkpoint/index.ts';
import { assert, defined, type StreamErrorRecord, toStreamError } from '../core/index.ts';
import { type DecidedParallelism, type ExecutionGraph, withParallelism } from '../graph/index.ts';
import type { SubtaskRef } from '../protocol/index.ts';
import { resultPlace } from './blocking-results.ts';
import { DeployedRegions } from './deployed-regions.ts';
import { deployedTasks, slotOf } from './deployed-tasks.ts';
import type { JobCheckpoints } from './job-checkpoints.ts';
import type { JobMasterParts } from './job-master-parts.ts';
import type { JobOutput } from './job-output.ts';
import { asOneRegion, type JobPlan, planJobExecution, planOf } from './job-plan.ts';
import type { JobSources } from './job-sources.ts';
import { isTerminal, type JobEvent, type JobState, type RegionState } from './job-state.ts';
import { RegionExecution, type RegionExecutionParts } from './region-execution.ts';
import {
  readRestorePoint,
  restoredRecord,
  restoredSubtasks,
  restorePath,
} from './restore-point.ts';
import type { SleepingJob, SleepingRegion } from './sleeping-job.ts';
import type { SlotEvents } from './slot-launcher.ts';
import { sizeStages } from './stage-sizes.ts';
import { StateQueries } from './state-queries.ts';

/** The job, as its deployment sees it. */
export interface DeployedJob {
  readonly output: JobOutput;
  readonly sources: JobSources;
  /** Undefined: none are open yet. */
  checkpoints(): JobCheckpoints | undefined;
  /** Once it is terminal nothing may be deployed any more. */
  state(): JobState;
  eventsOf(region: RegionExecution, slotIndex: number): SlotEvents;
  /** The slot will not be heard of any more. */
  onGone(region: RegionExecution, slotIndex: number): void;
  fail(error: StreamErrorRecord): void;
}

export class JobDeployment {
  readonly regions = new DeployedRegions();
  readonly queries: StateQueries;
  readonly #parts: JobMasterParts;
  readonly #job: DeployedJob;
  #plan: JobPlan;
  /** The plan's, with what was decided since. */
  #graph: ExecutionGraph;
  #decided: DecidedParallelism = {};
  #parallelism: Readonly<Record<string, number>>;
  #wasDeployed: boolean;
  /** The next launch begins a restore: those of other regions belong to it. */
  #beginsRestore = false;

  constructor(parts: JobMasterParts, job: DeployedJob) {
    this.#parts = parts;
    this.#job = job;
    const { asleep, graph, plan, timers } = parts;
    const { regions } = this;
    this.queries = new StateQueries({
      ...{ timers, regions, graph: () => this.executionGraph },
      state: () => job.state(),
    });
    this.#wasDeployed = asleep !== undefined;
    const isPlan = asleep === undefined || isDeepStrictEqual(asleep.overrides, plan.overrides);
    this.#plan = this.#laidOut(isPlan ? plan : planOf(graph, asleep.overrides));
    this.#graph = this.#plan.executionGraph;
    this.#parallelism = asleep?.parallelism ?? plan.overrides.parallelism ?? {};
    for (const region of asleep?.regions ?? []) this.#attach(region);
  }

  /** Between deployments. */
  sleep(): Pick<SleepingJob, 'overrides' | 'parallelism' | 'regions'> {
    const { overrides } = this.#plan;
    return { overrides, parallelism: this.#parallelism, regions: this.regions.sleep() };
  }

  get executionGraph(): JobPlan['executionGraph'] {
    return this.#graph;
  }

  /** Decides how parallel the vertices of these regions are, and tells which are needed. */
  async size(regionIndexes: readonly number[], tell: (sized: JobEvent) => void): Promise<void> {
    const { results: storage, fileSystem, stageLimits: limits } = this.#parts;
    if (storage === undefined || limits === undefined) return;
    const sizing = { graph: this.#graph, storage, limits, fileSystem, regions: this.regions };
    const { stages, decided } = await sizeStages(sizing, regionIndexes);
    this.#decided = { ...this.#decided, ...decided };
    this.#graph = withParallelism(this.#plan.executionGraph, this.#decided);
    for (const stage of stages) tell({ type: 'sized', ...stage });
  }

  /** The slots of each region. */
  get regionSlots(): readonly (readonly number[])[] {
    return this.executionGraph.regions.map(({ slots }) => slots);
  }

  /** By vertex id: what replaces the program's; the plan has it after {@link replan}. */
  get parallelism(): Readonly<Record<string, number>> {
    return this.#parallelism;
  }

  /** The whole of it. @throws {StreamError} as `planJobExecution`. */
  checkedParallelism(changed: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const wanted = { ...this.#parallelism, ...changed };
    planJobExecution(this.#parts.graph, wanted, this.#parts.restore?.manifest);
    return wanted;
  }

  setParallelism(parallelism: Readonly<Record<string, number>>): void {
    this.#parallelism = parallelism;
  }

  /** Some of its regions will be deployed, together. @returns all tasks, as they will be then. */
  deploys(regions: readonly RegionState[]): readonly CheckpointTask[] {
    this.#beginsRestore = this.#wasDeployed;
    this.#wasDeployed = true;
    return deployedTasks(this.executionGraph, regions);
  }

  /** Of those that are being deployed: what is still to be done, with the attempt. */
  notLaunched(regions: readonly RegionState[]): readonly (readonly [number, number])[] {
    const isLaunched = (index: number): boolean => this.regions.get(index)?.isLaunched === true;
    return regions.flatMap(({ phase, attempt }, index) =>
      phase === 'DEPLOYING' && !isLaunched(index) ? [[index, attempt] as const] : [],
    );
  }

  /** Launches the attempt, or fails the job; never rejects. */
  async deploy(regionIndex: number, attempt: number): Promise<void> {
    const { slots } = defined(this.executionGraph.regions[regionIndex], 'a region of the plan');
    const region = this.#execution({ regionIndex, attempt, slotIndexes: slots });
    const previous = this.regions.replace(regionIndex, region);
    try {
      await previous?.terminate();
      // I1.
      await this.#parts.journal.record({ attempt, parallelism: this.#parallelism });
      await this.#launch(region);
    } catch (thrown) {
      if (!this.#isOver(region)) this.#job.fail(toStreamError(thrown).toJSON());
    }
  }

  /** Its tasks were restored everywhere: they begin. */
  start(regionIndex: number): void {
    const region = this.regions.get(regionIndex);
    if (region === undefined) return;
    region.broadcast({ type: 'start' });
    for (const task of this.#tasksOf(region)) this.#job.sources.readerStarted(task);
  }

  /**
   * Ends all attempts and lays the job out at its parallelism.
   *
   * @param isWanted asked once they have ended.
   * @returns false when it was not wanted any more: the plan is as before.
   * @throws {StreamError} of the store; as `planJobExecution`.
   */
  async replan(isWanted: () => boolean): Promise<boolean> {
    const checkpoints = this.#job.checkpoints();
    await checkpoints?.settled();
    await this.regions.terminate();
    const manifest = await readRestorePoint(this.#parts, checkpoints?.newest);
    if (!isWanted()) return false;
    this.#plan = this.#laidOut(planJobExecution(this.#parts.graph, this.#parallelism, manifest));
    this.#graph = this.#plan.executionGraph;
    this.regions.clear();
    this.#job.output.resetAll();
    this.#job.sources.invalidate();
    return true;
  }

  /** I3. */
  #laidOut(plan: JobPlan): JobPlan {
    return this.#parts.turn === undefined ? plan : asOneRegion(plan);
  }

  #execution(
    region: Pick<RegionExecutionParts, 'regionIndex' | 'attempt' | 'slotIndexes' | 'asleep'>,
  ): RegionExecution {
    const { clock, timers, logger, cancellationTimeoutMs } = this.#parts;
    const execution: RegionExecution = new RegionExecution({
      ...{ ...region, clock, timers, logger, cancellationTimeoutMs },
      onGone: (slotIndex) => this.#job.onGone(execution, slotIndex),
    });
    return execution;
  }

  /** Goes on with an attempt of an earlier turn. */
  #attach(asleep: SleepingRegion): void {
    const { regionIndex, attempt, slotIndexes } = asleep;
    const region = this.#execution({ regionIndex, attempt, slotIndexes, asleep });
    this.regions.replace(regionIndex, region);
    if (!asleep.isLaunched) return;
    const { launcher } = this.#parts;
    assert('attach' in launcher, 'who works in turns has slots that outlive one');
    const { executionGraph } = this;
    const { overrides } = this.#plan;
    const slots = slotIndexes.map((slotIndex) => ({
      slotIndex,
      restore: [],
      events: this.#job.eventsOf(region, slotIndex),
    }));
    region.attach(launcher, { executionGraph, overrides, attempt, slots });
  }

  async #launch(region: RegionExecution): Promise<void> {
    const { sources, checkpoints } = this.#job;
    const { executionGraph } = this;
    const { overrides } = this.#plan;
    await checkpoints()?.settled();
    const manifest = await readRestorePoint(this.#parts, checkpoints()?.newest);
    if (this.#isOver(region)) return;
    const restored = restoredSubtasks(this.#parts, manifest, executionGraph.jobGraph);
    const from = manifest && {
      checkpointId: manifest.checkpointId,
      stateOf: (id: string) => manifest.sources.find(({ operatorId }) => operatorId === id),
    };
    await sources.prepare(executionGraph, from);
    if (this.#isOver(region)) return;
    for (const task of this.#tasksOf(region)) {
      // Counters start anew, and readers give back what the checkpoint does not know of.
      this.#job.output.reset(task);
      sources.readerReset(task, manifest?.checkpointId);
    }
    // Splits that could not be given back have stopped it.
    if (this.#isOver(region)) return;
    const slots = region.slotIndexes.map((slotIndex) => ({
      slotIndex,
      restore: restored.filter((s) => slotOf(executionGraph, s) === slotIndex),
      events: this.#job.eventsOf(region, slotIndex),
    }));
    const { launcher } = this.#parts;
    const restoredFrom = restorePath(this.#parts, checkpoints()?.newest);
    if (manifest !== undefined && restoredFrom !== undefined && this.#beginsRestore) {
      const { checkpointId } = manifest;
      const restored = restoredRecord(this.#parts, { checkpointId, path: restoredFrom.path });
      checkpoints()?.apply({ type: 'restored', restored });
    }
    this.#beginsRestore = false;
    const { attempt, regionIndex } = region;
    const { results: storage } = this.#parts;
    const { inputs } = defined(executionGraph.regions[regionIndex], 'a region of the plan');
    const results = storage && resultPlace(storage, inputs, this.regions);
    region.launch(launcher, {
      ...{ executionGraph, overrides, attempt, restoredFrom, slots },
      ...(results === undefined ? {} : { results, decided: this.#decided }),
    });
  }

  #isOver(region: RegionExecution): boolean {
    return region.isStopping || isTerminal(this.#job.state().status);
  }

  #tasksOf(region: RegionExecution): readonly SubtaskRef[] {
    const { slots } = this.executionGraph;
    return region.slotIndexes.flatMap((slotIndex) => slots[slotIndex]?.subtasks ?? []);
  }
}
