import type { JSX } from 'preact';
import { watermarkText } from '../ui/index.ts';
import type { Point } from './layout.ts';

/** A stream from one vertex to another; its watermark, where the cluster tells it by input. */
export function GraphEdge(props: {
  readonly points: readonly Point[];
  readonly strategy: string;
  readonly watermarkMs: number | undefined;
}): JSX.Element {
  const { points, strategy, watermarkMs } = props;
  const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
  return (
    <g class="edge">
      <path d={curve(points)} marker-end="url(#arrow)" />
      <text x={middle.x} y={middle.y - 7} text-anchor="middle">
        {strategy.toLowerCase()}
      </text>
      {watermarkMs !== undefined && (
        <text x={middle.x} y={middle.y + 16} text-anchor="middle">
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
