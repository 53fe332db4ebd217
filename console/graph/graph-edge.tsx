import type { JSX } from 'preact';
import { watermarkText } from '../ui/index.ts';
import type { Point, Size } from './layout.ts';

/** Room for how records are dealt out, and for a watermark. */
export const EDGE_SIZE: Size = { width: 72, height: 24 };
export const WATERMARK_EDGE_SIZE: Size = { width: 150, height: 44 };

/** A stream from one vertex to another; its watermark, where the cluster tells it by input. */
export function GraphEdge(props: {
  readonly points: readonly Point[];
  readonly label: Point | undefined;
  readonly strategy: string;
  readonly watermarkMs: number | undefined;
}): JSX.Element {
  const { points, strategy, watermarkMs, label = { x: 0, y: 0 } } = props;
  return (
    <g class="edge">
      <path d={curve(points)} marker-end="url(#arrow)" />
      <text x={label.x} y={label.y - 6} text-anchor="middle">
        {strategy.toLowerCase()}
      </text>
      {watermarkMs !== undefined && (
        <text x={label.x} y={label.y + 15} text-anchor="middle">
          {watermarkText(watermarkMs)}
        </text>
      )}
    </g>
  );
}

/** Through the middles of the stretches, rounded at the points between. */
function curve(points: readonly Point[]): string {
  const [first, ...others] = points;
  const last = others.at(-1);
  if (first === undefined || last === undefined) return '';
  const bends = others.slice(0, -1).map((point, index) => {
    const next = others[index + 1] ?? last;
    const isLast = index === others.length - 2;
    const to = isLast ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q ${point.x} ${point.y} ${to.x} ${to.y}`;
  });
  const tail = bends.length === 0 ? `L ${last.x} ${last.y}` : '';
  return `M ${first.x} ${first.y} ${bends.join(' ')} ${tail}`.trim();
}
