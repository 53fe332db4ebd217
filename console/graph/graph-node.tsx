import { Fragment, type JSX } from 'preact';
import { type JobVertexJson, type Load, loadOf, type VertexLive } from '../data/index.ts';
import { plural, rateText, watermarkText } from '../ui/index.ts';
import type { Point, Size } from './layout.ts';
import { textWidthPx, wrapText } from './wrap-text.ts';

const NODE_WIDTH = 248;
const NODE_HEIGHT = 132;
const BAR_WIDTH = NODE_WIDTH - 24;
const NAME_SIZE_PX = 13;
const LINE_PX = 16;
const MAX_LINES = 4;

function nameLines(name: string): readonly string[] {
  return wrapText(name, BAR_WIDTH, MAX_LINES, (line) => textWidthPx(line, NAME_SIZE_PX));
}

/** What is below the name, further down: two lines have room without it. */
function shiftPx(lines: readonly string[]): number {
  return Math.max(0, lines.length - 2) * LINE_PX;
}

/** Higher for a long name. */
export function nodeSize(name: string): Size {
  return { width: NODE_WIDTH, height: NODE_HEIGHT + shiftPx(nameLines(name)) };
}

const LOAD_WORDS: Readonly<Record<Load, string>> = {
  unknown: 'no data yet',
  idle: 'idle',
  working: 'working',
  busy: 'busy',
  pressured: 'back pressured',
};

export interface NodeFinding {
  readonly severity: 'error' | 'warning';
  readonly sentence: string;
}

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
  /** What a finding of the diagnosis says of it. */
  readonly finding?: NodeFinding | undefined;
}): JSX.Element {
  const { vertex, live, corner, href, isSelected, finding } = props;
  const isEnded = vertex.status === 'FINISHED' || vertex.status === 'CANCELED';
  const load = isEnded ? 'idle' : loadOf(live);
  const word = vertex.status === 'RUNNING' ? LOAD_WORDS[load] : vertex.status.toLowerCase();
  const lines = nameLines(vertex.name);
  const isCut = lines.at(-1)?.endsWith('…') === true;
  const shift = shiftPx(lines);
  return (
    <a
      href={href}
      class="node"
      data-load={load}
      data-status={vertex.status}
      data-finding={finding?.severity}
      aria-current={isSelected ? 'true' : undefined}
    >
      <g transform={`translate(${corner.x} ${corner.y})`}>
        {isCut && <title>{vertex.name}</title>}
        <rect class="node-box" width={NODE_WIDTH} height={NODE_HEIGHT + shift} rx="7" />
        <rect class="node-mark" width="5" height={NODE_HEIGHT + shift - 14} x="0" y="7" rx="2.5" />
        {lines.map((line, index) => (
          <Fragment key={`${index} ${line}`}>
            <text class="node-name" x="14" y={(lines.length === 1 ? 28 : 22) + index * LINE_PX}>
              {line}
            </text>{' '}
          </Fragment>
        ))}
        {finding !== undefined && <FindingMark finding={finding} />}
        <g transform={`translate(0 ${shift})`}>
          <NodeFacts vertex={vertex} live={live} word={word} />
        </g>
      </g>
    </a>
  );
}

/** On the corner. */
function FindingMark({ finding }: { readonly finding: NodeFinding }): JSX.Element {
  return (
    <g class="node-finding" transform={`translate(${NODE_WIDTH - 6} 6)`}>
      <title>{finding.sentence}</title>
      <circle r="9" />
      <text text-anchor="middle" y="4">
        !
      </text>
    </g>
  );
}

function NodeFacts(props: {
  readonly vertex: JobVertexJson;
  readonly live: VertexLive;
  readonly word: string;
}): JSX.Element {
  const { vertex, live, word } = props;
  return (
    <>
      <text class="node-fact" x="14" y="58">
        {plural(vertex.parallelism, 'subtask')}
      </text>{' '}
      <text class="node-word" x={NODE_WIDTH - 12} y="58" text-anchor="end">
        {word}
      </text>{' '}
      <LoadBar live={live} />
      <text class="node-fact" x="14" y="95">
        in <tspan class="node-value">{rateText(live.inPerSecond)}</tspan>
      </text>{' '}
      <text class="node-fact" x={NODE_WIDTH - 12} y="95" text-anchor="end">
        out <tspan class="node-value">{rateText(live.outPerSecond)}</tspan>
      </text>{' '}
      <text class="node-fact" x="14" y="117">
        watermark <tspan class="node-value">{watermarkText(live.watermarkMs)}</tspan>
      </text>{' '}
    </>
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
