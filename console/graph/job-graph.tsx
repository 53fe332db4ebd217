import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JobJson, VertexLive } from '../data/index.ts';
import { Loading, Notice, useScrollFocus } from '../ui/index.ts';
import { EDGE_SIZE, GraphEdge, WATERMARK_EDGE_SIZE } from './graph-edge.tsx';
import { GraphNode, type NodeFinding, nodeSize } from './graph-node.tsx';
import type { GraphLayout, Point, Size } from './layout.ts';
import { Legend } from './legend.tsx';
import { useLayout } from './use-layout.ts';
import { fitScale, useWidth } from './zoom.ts';

interface JobGraphProps {
  readonly job: JobJson;
  readonly lives: ReadonlyMap<string, VertexLive>;
  readonly selectedId: string | undefined;
  readonly hrefOf: (vertexId: string) => string;
  /** By vertex: what keeps output back there. */
  readonly findings?: ReadonlyMap<string, NodeFinding>;
}

const UNKNOWN: VertexLive = { inputWatermarksMs: [] };
const ZOOM_STEP = 1.25;
/** Below this width the graph goes from top to bottom. */
const NARROW_PX = 640;

/** The job as a graph, with what each vertex does. */
export function JobGraph(props: JobGraphProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(frame);
  useScrollFocus(frame);
  const edges = useMemo(() => edgesOf(props.job), [props.job]);
  const layout = useLayout({
    direction: widthPx < NARROW_PX ? 'TB' : 'LR',
    nodes: props.job.vertices.map(({ id, name }) => ({ id, ...nodeSize(name) })),
    edges: edges.map(({ id, from, to, isOneOfMany }) => {
      return { id, from, to, ...(isOneOfMany ? WATERMARK_EDGE_SIZE : EDGE_SIZE) };
    }),
  });
  const [zoom, setZoom] = useState<number | 'fit'>('fit');
  const size = layout !== undefined && 'nodes' in layout ? layout : undefined;
  const scale = zoom === 'fit' ? fitScale(size, widthPx) : zoom;
  const selectedName = props.job.vertices.find(({ id }) => id === props.selectedId)?.name ?? '';
  const corner = size?.nodes[props.selectedId ?? ''];
  useEffect(() => {
    if (frame.current !== null && corner !== undefined)
      show(frame.current, corner, nodeSize(selectedName), scale);
  }, [corner, selectedName, scale]);
  return (
    <div class="graph">
      <div class="graph-tools">
        <Legend />
        <fieldset class="segmented" aria-label="Size of the graph">
          <button type="button" aria-label="Smaller" onClick={() => setZoom(scale / ZOOM_STEP)}>
            −
          </button>
          <button type="button" aria-pressed={zoom === 'fit'} onClick={() => setZoom('fit')}>
            Fit
          </button>
          <button type="button" aria-label="Larger" onClick={() => setZoom(scale * ZOOM_STEP)}>
            +
          </button>
        </fieldset>
      </div>
      <div class="graph-frame" ref={frame}>
        {layout === undefined && <Loading what="graph" />}
        {layout !== undefined && 'fault' in layout && (
          <Notice tone="warn">
            The graph cannot be drawn; the table has the same: {layout.fault}
          </Notice>
        )}
        {size !== undefined && <Drawing {...props} layout={size} scale={scale} />}
      </div>
    </div>
  );
}

/** Scrolls a vertex into the middle, unless it is in sight. */
function show(frame: HTMLElement, corner: Point, size: Size, scale: number): void {
  const [left, top] = [corner.x * scale, corner.y * scale];
  const [width, height] = [size.width * scale, size.height * scale];
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = frame;
  const isInSight =
    left >= scrollLeft &&
    left + width <= scrollLeft + clientWidth &&
    top >= scrollTop &&
    top + height <= scrollTop + clientHeight;
  if (isInSight) return;
  frame.scrollLeft = left - (clientWidth - width) / 2;
  frame.scrollTop = top - (clientHeight - height) / 2;
}

function Drawing(
  props: JobGraphProps & { readonly layout: GraphLayout; readonly scale: number },
): JSX.Element {
  const { job, lives, selectedId, hrefOf, findings, layout, scale } = props;
  const edges = useMemo(() => edgesOf(job), [job]);
  return (
    <svg
      class="graph-drawing"
      width={layout.width * scale}
      height={layout.height * scale}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      aria-label={`Graph of ${job.name}`}
    >
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          orient="auto"
        >
          <path d="M0 0.5L7 4L0 7.5z" />
        </marker>
      </defs>
      {edges.map(({ id, to, strategy, inputIndex }) => (
        <GraphEdge
          key={id}
          points={layout.edges[id] ?? []}
          label={layout.labels[id]}
          strategy={strategy}
          watermarkMs={lives.get(to)?.inputWatermarksMs[inputIndex]}
        />
      ))}
      {job.vertices.map((vertex) => (
        <GraphNode
          key={vertex.id}
          vertex={vertex}
          live={lives.get(vertex.id) ?? UNKNOWN}
          corner={layout.nodes[vertex.id] ?? { x: 0, y: 0 }}
          href={hrefOf(vertex.id)}
          isSelected={vertex.id === selectedId}
          finding={findings?.get(vertex.id)}
        />
      ))}
    </svg>
  );
}

interface ShownEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly strategy: string;
  readonly inputIndex: number;
  /** Then each has its watermark. */
  readonly isOneOfMany: boolean;
}

/** Of vertices that are there. */
function edgesOf({ plan, vertices }: JobJson): readonly ShownEdge[] {
  const ids = new Set(vertices.map(({ id }) => id));
  return plan.nodes.flatMap(({ id: to, inputs = [] }) =>
    inputs
      .filter(({ id }) => ids.has(id) && ids.has(to))
      .map(({ id: from, num, ship_strategy }, inputIndex) => {
        const isOneOfMany = inputs.length > 1;
        const id = `${from}-${to}-${num}`;
        return { id, from, to, strategy: ship_strategy, inputIndex, isOneOfMany };
      }),
  );
}
