/** Where the frames of a flame graph are drawn. Pure. */

/** Of `GET …/flamegraph`. */
export interface FlameNode {
  readonly name: string;
  readonly value: number;
  readonly children: readonly FlameNode[];
}

/** A frame on the canvas; `left` and `width` are shares of the whole. */
export interface FlameFrame {
  readonly node: FlameNode;
  readonly depth: number;
  readonly left: number;
  readonly width: number;
}

/** Narrower frames cannot be seen. */
const MIN_SHARE = 0.0008;

/** From the root down, without what cannot be seen. */
export function flameFrames(root: FlameNode): readonly FlameFrame[] {
  const frames: FlameFrame[] = [];
  const pending: FlameFrame[] = [{ node: root, depth: 0, left: 0, width: 1 }];
  for (let frame = pending.pop(); frame !== undefined; frame = pending.pop()) {
    frames.push(frame);
    let left = frame.left;
    for (const child of frame.node.children) {
      const width = root.value === 0 ? 0 : child.value / root.value;
      if (width >= MIN_SHARE) pending.push({ node: child, depth: frame.depth + 1, left, width });
      left += width;
    }
  }
  return frames;
}

/** The functions that most samples ended in, the most first. */
export function hottest(root: FlameNode, maxCount: number): readonly FlameShare[] {
  const own = new Map<string, number>();
  const pending: FlameNode[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const below = node.children.reduce((sum, { value }) => sum + value, 0);
    own.set(node.name, (own.get(node.name) ?? 0) + Math.max(0, node.value - below));
    pending.push(...node.children);
  }
  const total = Math.max(1, root.value);
  return [...own]
    .filter(([, value]) => value > 0)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, maxCount)
    .map(([name, value]) => ({ name, share: value / total }));
}

export interface FlameShare {
  readonly name: string;
  /** Of all samples. */
  readonly share: number;
}
