/** Answers what is asked of this process: what it measures, what its threads do, its profiles. */
import type { Clock } from '../../core/index.ts';
import type { ProcessStatistics } from '../http/index.ts';
import {
  mergedCpuProfile,
  mergedHeapProfile,
  type SamplingHeapProfile,
} from './merged-profiles.ts';
import { passed } from './passed.ts';
import { ProcessMeter } from './process-meter.ts';
import { type CpuProfile, sampledStacks } from './sampled-stacks.ts';
import { SourceNames } from './source-names.ts';
import { type InspectedThread, ThreadInspector } from './thread-inspector.ts';
import type { ThreadRegistry } from './thread-registry.ts';
import { withoutInlining } from './without-inlining.ts';

/** What a thread did while it was watched. */
export interface ThreadStacks {
  /** `slot-3`, `main`. */
  readonly name: string;
  readonly threadId: number;
  readonly stacks: readonly NamedThreadStack[];
}

export interface NamedThreadStack {
  /** `map (job.ts:12)`, outermost first. */
  readonly names: readonly string[];
  readonly count: number;
  readonly isWaiting: boolean;
}

/** What can be asked. Crosses process boundaries. */
export type InspectRequest =
  | { readonly type: 'statistics' }
  | {
      readonly type: 'stacks';
      readonly durationMs: number;
      readonly intervalMs: number;
      /** Undefined: of all threads. */
      readonly slotIndexes?: readonly number[];
      /** With a frame for every function: see {@link withoutInlining}. */
      readonly isExact: boolean;
    }
  | {
      readonly type: 'profile';
      readonly mode: 'CPU' | 'ALLOC';
      readonly durationMs: number;
    };

/** What is answered, by the type of the request. */
export interface InspectAnswers {
  readonly statistics: ProcessStatistics;
  readonly stacks: readonly ThreadStacks[];
  /** A file for V8's tools: `.cpuprofile`, `.heapprofile`. */
  readonly profile: string;
}

/** Asks a process, wherever it is. */
export type Inspect = <T extends InspectRequest>(request: T) => Promise<InspectAnswers[T['type']]>;

/** Of a profile that people look at. */
const PROFILE_INTERVAL_US = 1000;
/** Bytes between two allocations that are noted; V8's own default. */
const HEAP_SAMPLING_BYTES = 32_768;

export class ProcessInspector {
  readonly #meter: ProcessMeter;
  readonly #inspector = new ThreadInspector();

  constructor(threads: ThreadRegistry, clock: Clock) {
    this.#meter = new ProcessMeter(threads, clock);
  }

  readonly inspect: Inspect = async <T extends InspectRequest>(request: T) => {
    return (await this.#answer(request)) as InspectAnswers[T['type']];
  };

  async #answer(request: InspectRequest): Promise<InspectAnswers[keyof InspectAnswers]> {
    switch (request.type) {
      case 'statistics':
        return await this.#meter.measure();
      case 'stacks':
        return await this.#stacks(request);
      case 'profile':
        return await this.#profile(request);
    }
  }

  async #stacks({
    durationMs,
    intervalMs,
    slotIndexes,
    isExact,
  }: Extract<InspectRequest, { type: 'stacks' }>): Promise<readonly ThreadStacks[]> {
    const names = slotIndexes?.map((index) => `slot-${index}`);
    const isWanted = (name: string): boolean => names?.includes(name) ?? true;
    const profiles = await this.#inspector.inspect(isWanted, async (thread) => {
      const take = (): Promise<CpuProfile> => cpuProfile(thread, durationMs, intervalMs * 1000);
      return { thread, profile: isExact ? await withoutInlining(thread, take) : await take() };
    });
    const sources = new SourceNames();
    return profiles.map(({ thread: { name, threadId }, profile }) => ({
      name,
      threadId,
      stacks: sampledStacks(profile).map(({ frames, count, isWaiting }) => ({
        names: frames.map((frame) => {
          const place = sources.placeOf(frame);
          const called = frame.functionName === '' ? '(anonymous)' : frame.functionName;
          return place === '' ? called : `${called} (${place})`;
        }),
        ...{ count, isWaiting },
      })),
    }));
  }

  async #profile({
    mode,
    durationMs,
  }: Extract<InspectRequest, { type: 'profile' }>): Promise<string> {
    const all = (): boolean => true;
    if (mode === 'ALLOC') {
      const profiles = await this.#inspector.inspect(all, async (thread) => {
        return { name: thread.name, profile: await heapProfile(thread, durationMs) };
      });
      return JSON.stringify(mergedHeapProfile(profiles));
    }
    const profiles = await this.#inspector.inspect(all, async (thread) => {
      const profile = await cpuProfile(thread, durationMs, PROFILE_INTERVAL_US);
      return { name: thread.name, profile };
    });
    return JSON.stringify(mergedCpuProfile(profiles));
  }
}

async function cpuProfile(
  thread: InspectedThread,
  durationMs: number,
  intervalUs: number,
): Promise<CpuProfile> {
  await thread.post('Profiler.enable');
  try {
    await thread.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await thread.post('Profiler.start');
    await passed(durationMs);
    const { profile } = (await thread.post('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  } finally {
    await thread.post('Profiler.disable').catch(() => undefined);
  }
}

async function heapProfile(
  thread: InspectedThread,
  durationMs: number,
): Promise<SamplingHeapProfile> {
  await thread.post('HeapProfiler.enable');
  try {
    await thread.post('HeapProfiler.startSampling', {
      samplingInterval: HEAP_SAMPLING_BYTES,
      // What was allocated, not what is left of it.
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await passed(durationMs);
    const stopped = await thread.post('HeapProfiler.stopSampling');
    return (stopped as { profile: SamplingHeapProfile }).profile;
  } finally {
    await thread.post('HeapProfiler.disable').catch(() => undefined);
  }
}
