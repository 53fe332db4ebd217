import type { StreamGraph, StreamNode } from '../graph/index.ts';

/**
 * Names of the operators that hold state and have no uid, in the order of the graph. Their state
 * is found again by the shape of the graph alone: any change of the job may lose it.
 */
export function statefulOperatorsWithoutUid(graph: StreamGraph): readonly string[] {
  const nodes = graph.nodes.filter((node) => node.uid === undefined && holdsState(node));
  return nodes.map((node) => node.name);
}

/** Functions with operator state of their own cannot be told from others before they run. */
function holdsState(node: StreamNode): boolean {
  const commits = node.sink?.createCommitter !== undefined;
  if (node.keyed === true || node.hasOperatorState === true) return true;
  return node.body.kind === 'source' || commits;
}
