/** From V8's CPU profile of a thread to the stacks that were seen, and how often. Pure. */

/** The part of a CPU profile that is read. @see `Profiler.Profile` of the inspector's protocol */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[];
  readonly samples?: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
  readonly timeDeltas?: readonly number[];
}

export interface CpuProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
  readonly hitCount?: number;
}

export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  /** From 0. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** One stack, outermost frame first. Empty: nothing ran, or nothing that V8 knows. */
export interface SampledStack {
  readonly frames: readonly CallFrame[];
  readonly count: number;
  /** The thread waited: for input, a timer, a bell. */
  readonly isWaiting: boolean;
}

/** V8's own nodes below the root in which no JavaScript runs: it waits, or its event loop looks. */
const WAITING = new Set(['(idle)', '(program)']);
const ROOT = '(root)';

/** Stacks in the order in which they were first seen. */
export function sampledStacks(profile: CpuProfile): readonly SampledStack[] {
  const { nodes, samples = [] } = profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const counts = new Map<number, number>();
  for (const id of samples) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].map(([id, count]) => {
    const frames: CallFrame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame !== undefined && frame.functionName !== ROOT) frames.push(frame);
    }
    frames.reverse();
    const last = frames.at(-1);
    return { frames, count, isWaiting: last === undefined || isWait(last) };
  });
}

function isWait({ functionName, url }: CallFrame): boolean {
  // `Atomics.wait` stops the thread.
  return WAITING.has(functionName) || (functionName === 'wait' && url === '');
}
