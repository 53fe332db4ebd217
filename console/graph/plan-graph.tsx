import type { JSX } from 'preact';
import type { PlanJson, PlanNodeJson } from '../data/index.ts';
import { Loading, Notice, plural } from '../ui/index.ts';
import { EDGE_SIZE, GraphEdge } from './graph-edge.tsx';
import type { GraphLayout, Size } from './layout.ts';
import { useLayout } from './use-layout.ts';
import { textWidthPx, wrapText } from './wrap-text.ts';

const SIZE: Size = { width: 228, height: 72 };
const NAME_SIZE_PX = 13;

/** What a job would be: its vertices and how they are connected. */
export function PlanGraph({ plan }: { readonly plan: PlanJson }): JSX.Element {
  const edges = plan.nodes.flatMap(({ id: to, inputs = [] }) =>
    inputs.map(({ id: from, num, ship_strategy: strategy }) => {
      return { id: `${from}-${to}-${num}`, from, to, strategy };
    }),
  );
  const layout = useLayout({
    direction: 'LR',
    nodes: plan.nodes.map(({ id }) => ({ id, ...SIZE })),
    edges: edges.map(({ id, from, to }) => ({ id, from, to, ...EDGE_SIZE })),
  });
  if (layout === undefined) return <Loading what="plan" />;
  if ('fault' in layout) return <Notice tone="warn">{layout.fault}</Notice>;
  return (
    <figure class="graph-frame">
      <figcaption class="plan-caption">
        Plan of {plan.name}: {plural(plan.nodes.length, 'vertex', 'vertices')}
      </figcaption>
      <svg
        class="graph-drawing"
        width={layout.width}
        height={layout.height}
        role="img"
        aria-label={plan.nodes.map(nameOf).join(', ')}
      >
        {edges.map(({ id, strategy }) => (
          <GraphEdge
            key={id}
            points={layout.edges[id] ?? []}
            label={layout.labels[id]}
            strategy={strategy}
            watermarkMs={undefined}
          />
        ))}
        {plan.nodes.map((node) => (
          <PlanNode key={node.id} node={node} layout={layout} />
        ))}
      </svg>
    </figure>
  );
}

function PlanNode(props: {
  readonly node: PlanNodeJson;
  readonly layout: GraphLayout;
}): JSX.Element {
  const { node, layout } = props;
  const { x, y } = layout.nodes[node.id] ?? { x: 0, y: 0 };
  const name = nameOf(node);
  const widthOf = (line: string): number => textWidthPx(line, NAME_SIZE_PX);
  const lines = wrapText(name, SIZE.width - 22, 2, widthOf);
  return (
    <g class="node" transform={`translate(${x} ${y})`}>
      {lines.at(-1)?.endsWith('…') === true && <title>{name}</title>}
      <rect class="node-box" width={SIZE.width} height={SIZE.height} rx="7" />
      {lines.map((line, index) => (
        <text key={line} class="node-name" x="12" y={22 + 16 * index}>
          {line}
        </text>
      ))}
      <text class="node-fact" x="12" y="60">
        {plural(node.parallelism, 'subtask')}
      </text>
    </g>
  );
}

/** A description is escaped HTML, a line for each operator of the chain. */
export function nameOf({ description }: PlanNodeJson): string {
  return description
    .split(/<br\s*\/?>/)
    .map((line) => line.replace(/^[\s:|]*(?:\+-|:-)?\s*/, ''))
    .filter((line) => line !== '')
    .join(' -> ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
