/**
 * Flame graphs of vertices: sampled when somebody asks, shown until they are too old.
 *
 * I1  Of a vertex one sampling is under way at a time. Who asks meanwhile is shown the one before.
 * I2  Nothing is kept of what nobody has asked for in a while.
 */
import type { Clock } from '../../core/index.ts';
import type { AskedFlameGraph, FlameGraph, FlameGraphNode } from '../http/index.ts';
import { flameTree, type Inspect, type ThreadStacks } from '../inspect/index.ts';

export interface FlameGraphSettings {
  readonly isEnabled: boolean;
  readonly refreshIntervalMs: number;
  readonly cleanupIntervalMs: number;
  readonly sampleCount: number;
  readonly delayBetweenSamplesMs: number;
}

interface Entry {
  askedAtMs: number;
  sampledAtMs: number;
  isSampling: boolean;
  sampled: { readonly endEpochMs: number; readonly threads: readonly ThreadStacks[] } | undefined;
}

export class LocalFlameGraphs {
  readonly #clock: Clock;
  readonly #settings: FlameGraphSettings;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, settings: FlameGraphSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  /** @param inspect the process that runs the slots. */
  get(asked: AskedFlameGraph, inspect: Inspect): FlameGraph {
    const { isEnabled, refreshIntervalMs } = this.#settings;
    if (!isEnabled) return { why: 'disabled' };
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    const slots = asked.slotIndexes.join(',');
    const key = `${asked.jobId} ${asked.vertexId} ${slots}`;
    const entry = this.#entries.get(key) ?? {
      ...{ askedAtMs: nowMs, sampledAtMs: 0, isSampling: false, sampled: undefined },
    };
    this.#entries.set(key, entry);
    entry.askedAtMs = nowMs;
    const isOld = entry.sampled === undefined || nowMs - entry.sampledAtMs >= refreshIntervalMs;
    // I1.
    if (isOld && !entry.isSampling) void this.#sample(entry, asked.slotIndexes, inspect);
    if (entry.sampled === undefined) return { why: 'waiting' };
    const { endEpochMs, threads } = entry.sampled;
    return { endEpochMs, root: flameGraphOf(threads, asked.type) };
  }

  async #sample(entry: Entry, slotIndexes: readonly number[], inspect: Inspect): Promise<void> {
    const { sampleCount, delayBetweenSamplesMs: intervalMs } = this.#settings;
    entry.isSampling = true;
    try {
      const durationMs = sampleCount * intervalMs;
      const window = { durationMs, intervalMs, slotIndexes, isExact: true };
      const threads = await inspect({ type: 'stacks', ...window });
      entry.sampled = { endEpochMs: this.#clock.nowEpochMs(), threads };
      entry.sampledAtMs = this.#clock.monotonicMs();
    } catch {
      // The process has ended: so has the vertex, or it runs elsewhere.
    } finally {
      entry.isSampling = false;
    }
  }

  /** I2. */
  #forget(nowMs: number): void {
    for (const [key, { askedAtMs }] of this.#entries) {
      if (nowMs - askedAtMs >= this.#settings.cleanupIntervalMs) this.#entries.delete(key);
    }
  }
}

/** All threads as one tree. */
export function flameGraphOf(
  threads: readonly ThreadStacks[],
  type: AskedFlameGraph['type'],
): FlameGraphNode {
  const stacks = threads.flatMap((thread) => thread.stacks);
  return flameTree(
    stacks.filter(({ isWaiting }) => type === 'full' || isWaiting === (type === 'off_cpu')),
  );
}
