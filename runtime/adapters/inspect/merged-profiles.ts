/** Profiles of several threads as one file, each below a frame with the thread's name. Pure. */
import type { CpuProfile, CpuProfileNode } from './sampled-stacks.ts';

/** @see `HeapProfiler.SamplingHeapProfile` of the inspector's protocol */
export interface SamplingHeapProfile {
  readonly head: HeapProfileNode;
  readonly samples: readonly HeapProfileSample[];
}

interface HeapProfileNode {
  readonly id: number;
  readonly callFrame: unknown;
  /** Of all nodes; the sizes are passed on as they are. */
  readonly children: readonly HeapProfileNode[];
}

interface HeapProfileSample {
  readonly nodeId: number;
  readonly ordinal: number;
  readonly size: number;
}

interface OfThread<T> {
  readonly name: string;
  readonly profile: T;
}

/** On the time axis one thread follows the other. */
export function mergedCpuProfile(profiles: readonly OfThread<CpuProfile>[]): CpuProfile {
  const nodes: CpuProfileNode[] = [];
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  const tops: number[] = [];
  let offset = 1;
  let tookUs = 0;
  for (const { name, profile } of profiles) {
    const shift = (id: number): number => id + offset;
    for (const { id, callFrame, children = [], hitCount = 0 } of profile.nodes) {
      const isTop = callFrame.functionName === '(root)';
      if (isTop) tops.push(shift(id));
      const frame = isTop ? frameNamed(name) : callFrame;
      nodes.push({ id: shift(id), callFrame: frame, hitCount, children: children.map(shift) });
    }
    samples.push(...(profile.samples ?? []).map(shift));
    timeDeltas.push(...(profile.timeDeltas ?? []));
    offset += 1 + profile.nodes.reduce((last, { id }) => Math.max(last, id), 0);
    tookUs += profile.endTime - profile.startTime;
  }
  const root = { id: 1, callFrame: frameNamed('(root)'), hitCount: 0, children: tops };
  const startTime = profiles[0]?.profile.startTime ?? 0;
  return { nodes: [root, ...nodes], startTime, endTime: startTime + tookUs, samples, timeDeltas };
}

export function mergedHeapProfile(
  profiles: readonly OfThread<SamplingHeapProfile>[],
): SamplingHeapProfile {
  let offset = 1;
  const children: HeapProfileNode[] = [];
  const samples: HeapProfileSample[] = [];
  for (const { name, profile } of profiles) {
    const by = offset;
    let lastId = 0;
    const shifted = (node: HeapProfileNode): HeapProfileNode => {
      lastId = Math.max(lastId, node.id);
      return { ...node, id: node.id + by, children: node.children.map(shifted) };
    };
    children.push({ ...shifted(profile.head), callFrame: frameNamed(name) });
    samples.push(...profile.samples.map((one) => ({ ...one, nodeId: one.nodeId + by })));
    offset += lastId + 1;
  }
  const own = { selfSize: 0 };
  return { head: { id: 1, callFrame: frameNamed('(root)'), ...own, children }, samples };
}

function frameNamed(functionName: string) {
  return { functionName, scriptId: '0', url: '', lineNumber: -1, columnNumber: -1 };
}
