/** Where the vertices and edges of a graph are drawn. Pure. */
import { Graph, layout } from '@dagrejs/dagre';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface LayoutRequest {
  /** Left to right, or top to bottom. */
  readonly direction: 'LR' | 'TB';
  /** Comes back with the answer. */
  readonly id: number;
  readonly nodes: readonly ({ readonly id: string } & Size)[];
  readonly edges: readonly LayoutEdge[];
}

/** With the size of what is written on it. */
export interface LayoutEdge extends Size {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export interface GraphLayout extends Size {
  readonly id: number;
  /** By id: the left upper corner. */
  readonly nodes: Readonly<Record<string, Point>>;
  /** By id: from border to border. */
  readonly edges: Readonly<Record<string, readonly Point[]>>;
  /** By id of the edge: the middle of what is written on it. */
  readonly labels: Readonly<Record<string, Point>>;
}

interface LaidOut extends Point {
  readonly points: readonly Point[];
}

/** In layers, along the edges. */
export function layoutGraph({ id, direction, nodes, edges }: LayoutRequest): GraphLayout {
  // The size of nothing would be below zero.
  if (nodes.length === 0) return { id, width: 0, height: 0, nodes: {}, edges: {}, labels: {} };
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: 28,
    ranksep: 36,
    marginx: 16,
    marginy: 16,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  for (const edge of edges) {
    const { from, to, id: name, width, height } = edge;
    graph.setEdge(from, to, { width, height, labelpos: 'c' }, name);
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  const corners = nodes.map((node) => {
    const { x, y } = graph.node(node.id) as Point;
    return [node.id, { x: x - node.width / 2, y: y - node.height / 2 }] as const;
  });
  const lines = edges.map((edge) => {
    const { points = [], x, y } = graph.edge(edge.from, edge.to, edge.id) as Partial<LaidOut>;
    const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
    return { id: edge.id, points, label: { x: x ?? middle.x, y: y ?? middle.y } };
  });
  return {
    ...{ id, width, height },
    nodes: Object.fromEntries(corners),
    edges: Object.fromEntries(lines.map((line) => [line.id, line.points])),
    labels: Object.fromEntries(lines.map((line) => [line.id, line.label])),
  };
}
