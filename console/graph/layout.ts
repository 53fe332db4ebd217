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

export interface LayoutEdge {
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
}

/** In layers, along the edges. */
export function layoutGraph({ id, direction, nodes, edges }: LayoutRequest): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: 28,
    ranksep: direction === 'LR' ? 84 : 52,
    marginx: 16,
    marginy: 16,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: node.width, height: node.height });
  for (const edge of edges) graph.setEdge(edge.from, edge.to, {}, edge.id);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  const corners = nodes.map((node) => {
    const { x, y } = graph.node(node.id) as Point;
    return [node.id, { x: x - node.width / 2, y: y - node.height / 2 }] as const;
  });
  const lines = edges.map((edge) => {
    const { points = [] } = graph.edge(edge.from, edge.to, edge.id) as { points?: Point[] };
    return [edge.id, points] as const;
  });
  return {
    ...{ id, width, height },
    nodes: Object.fromEntries(corners),
    edges: Object.fromEntries(lines),
  };
}
