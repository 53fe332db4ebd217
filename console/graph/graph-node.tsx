import type { JSX } from 'preact';
import { type JobVertexJson, type Load, loadOf, type VertexLive } from '../data/index.ts';
import { plural, rateText, watermarkText } from '../ui/index.ts';
import type { Point, Size } from './layout.ts';
import { wrapText } from './wrap-text.ts';

export const NODE_SIZE: Size = { width: 248, height: 132 };

const BAR_WIDTH = NODE_SIZE.width - 24;
/** Of the widest that are usual: capitals and arrows. */
const LINE_CHARS = 29;

const LOAD_WORDS: Readonly<Record<Load, string>> = {
  unknown: 'no data yet',
  idle: 'idle',
  working: 'working',
  busy: 'busy',
  pressured: 'back pressured',
};

/**
 * A vertex: its name, how its time is spent, what passes through it, and its watermark. Spaces
 * between the texts are for who hears them.
 */
export function GraphNode(props: {
  readonly vertex: JobVertexJson;
  readonly live: VertexLive;
  readonly corner: Point;
  readonly href: string;
  readonly isSelected: boolean;
}): JSX.Element {
  const { vertex, live, corner, href, isSelected } = props;
  const isEnded = vertex.status === 'FINISHED' || vertex.status === 'CANCELED';
  const load = isEnded ? 'idle' : loadOf(live);
  const word = vertex.status === 'RUNNING' ? LOAD_WORDS[load] : vertex.status.toLowerCase();
  const [line1 = '', line2] = wrapText(vertex.name, LINE_CHARS, 2);
  return (
    <a
      href={href}
      class="node"
      data-load={load}
      data-status={vertex.status}
      aria-current={isSelected ? 'true' : undefined}
    >
      <g transform={`translate(${corner.x} ${corner.y})`}>
        <rect class="node-box" width={NODE_SIZE.width} height={NODE_SIZE.height} rx="7">
          {line2?.endsWith('…') === true && <title>{vertex.name}</title>}
        </rect>
        <rect class="node-mark" width="5" height={NODE_SIZE.height - 14} x="0" y="7" rx="2.5" />
        <text class="node-name" x="14" y={line2 === undefined ? 28 : 22}>
          {line1}
        </text>{' '}
        {line2 !== undefined && (
          <text class="node-name" x="14" y="38">
            {line2}
          </text>
        )}{' '}
        <text class="node-fact" x="14" y="58">
          {plural(vertex.parallelism, 'subtask')}
        </text>{' '}
        <text class="node-word" x={NODE_SIZE.width - 12} y="58" text-anchor="end">
          {word}
        </text>{' '}
        <LoadBar live={live} />
        <text class="node-fact" x="14" y="95">
          in <tspan class="node-value">{rateText(live.inPerSecond)}</tspan>
        </text>{' '}
        <text class="node-fact" x={NODE_SIZE.width - 12} y="95" text-anchor="end">
          out <tspan class="node-value">{rateText(live.outPerSecond)}</tspan>
        </text>{' '}
        <text class="node-fact" x="14" y="117">
          watermark <tspan class="node-value">{watermarkText(live.watermarkMs)}</tspan>
        </text>{' '}
      </g>
    </a>
  );
}

/** Busy, back pressured and idle, of one whole. */
function LoadBar({ live }: { readonly live: VertexLive }): JSX.Element {
  const { busyShare = 0, pressuredShare = 0, idleShare = 0 } = live;
  const sum = Math.max(1, busyShare + pressuredShare + idleShare);
  const [busy, pressured, idle] = [busyShare, pressuredShare, idleShare].map(
    (share) => (share / sum) * BAR_WIDTH,
  ) as [number, number, number];
  return (
    <g class="load-bar" transform="translate(14 68)">
      <rect class="bar-ground" width={BAR_WIDTH} height="8" rx="2" />
      <rect class="bar-busy" width={busy} height="8" />
      <rect class="bar-pressured" x={busy} width={pressured} height="8" />
      <rect class="bar-idle" x={busy + pressured} width={idle} height="8" />
    </g>
  );
}
