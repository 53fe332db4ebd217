/** Draws what a job is doing. Pure: two snapshots in, lines of text out. */
import { MAX_WATERMARK_MS } from '../../runtime/core/index.ts';
import type { JobSnapshot, VertexSnapshot } from '../../runtime/jobmaster/index.ts';
import {
  formatCount,
  formatElapsed,
  formatEventTime,
  formatLag,
  formatRate,
  formatShare,
} from './format-values.ts';

/** How to draw. */
export interface FrameStyle {
  /** Characters; lines are never longer. */
  readonly width: number;
  readonly color: boolean;
  /** Block characters; otherwise ASCII. */
  readonly unicode: boolean;
}

/** What to draw. */
export interface FrameInput {
  readonly jobName: string;
  readonly snapshot: JobSnapshot;
  /** The one of the frame before: rates and shares are of the time between. */
  readonly previous: JobSnapshot | undefined;
  readonly nowEpochMs: number;
}

interface Cell {
  readonly text: string;
  readonly paint?: string;
}

interface Column {
  readonly title: string;
  readonly width: number;
  /** Columns with the highest number go first when the terminal is narrow. */
  readonly dropOrder: number;
  readonly cell: (now: VertexRates, style: FrameStyle) => Cell;
}

/** What a vertex did between two snapshots. */
export interface VertexRates {
  readonly vertex: VertexSnapshot;
  readonly recordsPerSecond: number;
  readonly busyShare: number;
  readonly backPressuredShare: number;
  /** undefined: no watermark yet, or one of another day. */
  readonly lagMs: number | undefined;
}

const DIM = '2';
const BOLD = '1';
const RED = '31';
const GREEN = '32';
const YELLOW = '33';
const SEPARATOR = '  ';
const MIN_NAME_CHARS = 16;
const MAX_NAME_CHARS = 60;
const BAR_CHARS = 10;
const LONGEST_SHOWN_LAG_MS = 86_400_000;
const BUSY_FROM = 0.8;
const BACK_PRESSURED_FROM = 0.5;

const COLUMNS: readonly Column[] = [
  {
    title: 'progress',
    width: BAR_CHARS + 6,
    dropOrder: 2,
    cell: ({ vertex }, style) =>
      vertex.progress === undefined ? { text: '' } : progressCell(vertex.progress, style),
  },
  {
    title: 'records in',
    width: 10,
    dropOrder: 0,
    cell: ({ vertex }) => ({ text: formatCount(vertex.numRecordsIn) }),
  },
  {
    title: 'out',
    width: 10,
    dropOrder: 4,
    cell: ({ vertex }) => ({ text: formatCount(vertex.numRecordsOut) }),
  },
  {
    title: 'rate',
    width: 8,
    dropOrder: 0,
    cell: ({ recordsPerSecond }) => ({ text: formatRate(recordsPerSecond) }),
  },
  {
    title: 'watermark (UTC)',
    width: 19,
    dropOrder: 3,
    cell: ({ vertex }) => ({ text: watermarkText(vertex.watermarkMs), paint: DIM }),
  },
  {
    title: 'lag',
    width: 7,
    dropOrder: 5,
    cell: ({ lagMs }) => ({ text: lagMs === undefined ? '-' : formatLag(lagMs) }),
  },
  {
    title: 'busy',
    width: 5,
    dropOrder: 0,
    cell: ({ busyShare }) => shareCell(busyShare, BUSY_FROM, YELLOW),
  },
  {
    title: 'back',
    width: 5,
    dropOrder: 1,
    cell: ({ backPressuredShare }) => shareCell(backPressuredShare, BACK_PRESSURED_FROM, RED),
  },
];

/** The lines of a frame: the job, the columns' titles, one line a vertex. */
export function renderFrame(input: FrameInput, style: FrameStyle): string[] {
  const columns = columnsFor(style.width);
  const used = columns.reduce((sum, { width }) => sum + width + SEPARATOR.length, 0);
  const rates = vertexRates(input);
  const labels = rates.map(({ vertex }) => `${vertex.name} x${vertex.parallelism}`);
  const nameChars = Math.min(
    Math.max(0, style.width - used),
    Math.max(MIN_NAME_CHARS, ...labels.map((label) => [...label].length)),
    MAX_NAME_CHARS,
  );
  const titles = columns.map(({ title, width }) => SEPARATOR + title.padStart(width)).join('');
  const rows = rates.map((rate, index) => {
    const name = fit(labels[index] ?? '', nameChars, style).padEnd(nameChars);
    const cells = columns.map(({ width, cell }) => {
      const { text, paint: code } = cell(rate, style);
      return SEPARATOR + paint(text.padStart(width), code, style);
    });
    return (name + cells.join('')).trimEnd();
  });
  const head = fit(headline(input, rates), style.width, style);
  const header = fit(' '.repeat(nameChars) + titles, style.width, style);
  return [paint(head, BOLD, style), paint(header, DIM, style), ...rows];
}

/** One line about the whole job, for logs. */
export function renderSummary(input: FrameInput): string {
  const rates = vertexRates(input);
  const watermarks = input.snapshot.vertices.map(({ watermarkMs }) => watermarkMs);
  const lowest = watermarks.includes(undefined) ? undefined : Math.min(...(watermarks as number[]));
  const shares = rates.map(({ busyShare }) => busyShare);
  const parts = [headline(input, rates), `watermark ${watermarkText(lowest)}`];
  const progress = jobProgress(rates);
  if (progress !== undefined) parts.push(formatShare(progress));
  parts.push(`busiest ${formatShare(Math.max(0, ...shares))}`);
  return parts.join(', ');
}

/** What happened in each vertex since the previous snapshot, or since the start. */
export function vertexRates({ snapshot, previous, nowEpochMs }: FrameInput): VertexRates[] {
  const elapsedMs = Math.max(1, snapshot.elapsedMs - (previous?.elapsedMs ?? 0));
  return snapshot.vertices.map((vertex) => {
    const before = previous?.vertices.find(({ id }) => id === vertex.id);
    const busyMs = vertex.busyTimeMs - (before?.busyTimeMs ?? 0);
    const backMs = vertex.backPressuredTimeMs - (before?.backPressuredTimeMs ?? 0);
    const idleMs = vertex.idleTimeMs - (before?.idleTimeMs ?? 0);
    const totalMs = Math.max(1e-9, busyMs + backMs + idleMs);
    const records = vertex.numRecordsIn - (before?.numRecordsIn ?? 0);
    const lagMs = nowEpochMs - (vertex.watermarkMs ?? Number.NEGATIVE_INFINITY);
    const showsLag = Math.abs(lagMs) < LONGEST_SHOWN_LAG_MS;
    return {
      vertex,
      recordsPerSecond: (records * 1000) / elapsedMs,
      busyShare: busyMs / totalMs,
      backPressuredShare: backMs / totalMs,
      lagMs: showsLag ? lagMs : undefined,
    };
  });
}

function headline({ jobName, snapshot }: FrameInput, rates: readonly VertexRates[]): string {
  const sources = rates.filter(({ vertex }) => vertex.isSource);
  const records = sources.reduce((sum, { vertex }) => sum + vertex.numRecordsIn, 0);
  const rate = sources.reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0);
  const late = snapshot.vertices.reduce((sum, vertex) => sum + vertex.numLateRecordsDropped, 0);
  const lateText = late > 0 ? `, ${formatCount(late)} late` : '';
  return (
    `${jobName} ${snapshot.status} ${formatElapsed(snapshot.elapsedMs)}: ` +
    `${formatCount(records)} records read, ${formatRate(rate)}${lateText}`
  );
}

/** The least of the bounded sources; undefined when there is none. */
function jobProgress(rates: readonly VertexRates[]): number | undefined {
  const known = rates.flatMap(({ vertex }) => vertex.progress ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

function columnsFor(widthChars: number): Column[] {
  let columns = [...COLUMNS];
  const neededChars = (): number =>
    columns.reduce((sum, { width }) => sum + width + SEPARATOR.length, MIN_NAME_CHARS);
  while (neededChars() > widthChars) {
    const [first] = columns.toSorted((a, b) => b.dropOrder - a.dropOrder);
    if (first === undefined || first.dropOrder === 0) break;
    columns = columns.filter((column) => column !== first);
  }
  return columns;
}

function progressCell(progress: number, { unicode }: FrameStyle): Cell {
  const filled = Math.floor(Math.min(1, Math.max(0, progress)) * BAR_CHARS);
  const [full, empty] = unicode ? ['█', '░'] : ['#', '.'];
  const bar = full.repeat(filled) + empty.repeat(BAR_CHARS - filled);
  return { text: `${bar} ${formatShare(progress).padStart(5)}`, paint: GREEN };
}

function shareCell(share: number, markedFrom: number, code: string): Cell {
  const text = formatShare(share);
  return share >= markedFrom ? { text, paint: code } : { text };
}

function watermarkText(watermarkMs: number | undefined): string {
  if (watermarkMs === undefined) return '-';
  return watermarkMs >= MAX_WATERMARK_MS ? 'end' : formatEventTime(watermarkMs);
}

function fit(text: string, widthChars: number, { unicode }: FrameStyle): string {
  const chars = [...text];
  if (chars.length <= widthChars) return text;
  const mark = unicode ? '…' : '~';
  return chars.slice(0, Math.max(0, widthChars - 1)).join('') + mark;
}

function paint(text: string, code: string | undefined, { color }: FrameStyle): string {
  return color && code !== undefined ? `\u001B[${code}m${text}\u001B[0m` : text;
}
