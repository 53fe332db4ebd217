/** Stacks folded into a tree: frames that begin alike are one. Pure. */
import type { FlameGraphNode } from '../http/index.ts';

/** A stack by the names of its frames, outermost first. */
export interface NamedStack {
  readonly names: readonly string[];
  readonly count: number;
}

interface Growing {
  readonly name: string;
  value: number;
  readonly children: Map<string, Growing>;
}

/** As Flink's `rest.flamegraph.stack-depth`: what lies deeper is not told apart. */
const MAX_DEPTH = 100;

/** The widest first. */
export function flameTree(stacks: readonly NamedStack[]): FlameGraphNode {
  const root: Growing = { name: 'root', value: 0, children: new Map() };
  for (const { names, count } of stacks) {
    let at = root;
    at.value += count;
    for (const name of names.slice(0, MAX_DEPTH)) {
      const child = at.children.get(name) ?? { name, value: 0, children: new Map() };
      child.value += count;
      at.children.set(name, child);
      at = child;
    }
  }
  return grown(root);
}

function grown({ name, value, children }: Growing): FlameGraphNode {
  const sorted = [...children.values()].toSorted((a, b) => b.value - a.value);
  return { name, value, children: sorted.map(grown) };
}
