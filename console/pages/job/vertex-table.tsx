import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type JobJson, type JobVertexJson, knownCount, type VertexLive } from '../../data/index.ts';
import {
  type Column,
  countText,
  DataTable,
  percentText,
  rateText,
  StateBadge,
  sizeText,
  watermarkText,
} from '../../ui/index.ts';

interface Row {
  readonly vertex: JobVertexJson;
  readonly live: VertexLive;
  readonly href: string;
  readonly isSelected: boolean;
}

type NumberOf = (row: Row) => number | undefined;

function numbers(
  id: string,
  label: string,
  of: NumberOf,
  text: (value: number | undefined) => string,
): Column<Row> {
  const sortBy = (row: Row): number => of(row) ?? -1;
  return { id, label, isNumber: true, sortBy, cell: (row) => text(of(row)) };
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'name',
    label: 'Vertex',
    isWide: true,
    sortBy: ({ vertex }) => vertex.name,
    cell: ({ vertex, href, isSelected }) => (
      <a
        class="cut-name"
        href={href}
        title={vertex.name}
        aria-current={isSelected ? 'true' : undefined}
      >
        {vertex.name}
      </a>
    ),
  },
  {
    id: 'state',
    label: 'State',
    sortBy: ({ vertex }) => vertex.status,
    cell: ({ vertex }) => <StateBadge state={vertex.status} />,
  },
  numbers('parallelism', 'Subtasks', ({ vertex }) => vertex.parallelism, countText),
  numbers('watermark', 'Watermark', ({ live }) => live.watermarkMs, watermarkText),
  numbers('busy', 'Busy', ({ live }) => live.busyShare, percentText),
  numbers('pressured', 'Back pressure', ({ live }) => live.pressuredShare, percentText),
  numbers('in', 'In', ({ live }) => live.inPerSecond, rateText),
  numbers('out', 'Out', ({ live }) => live.outPerSecond, rateText),
  numbers(
    'records-in',
    'Records in',
    ({ vertex }) => knownCount(vertex.metrics, 'read-records'),
    countText,
  ),
  numbers(
    'records-out',
    'Records out',
    ({ vertex }) => knownCount(vertex.metrics, 'write-records'),
    countText,
  ),
  numbers(
    'bytes-in',
    'Bytes in',
    ({ vertex }) => knownCount(vertex.metrics, 'read-bytes'),
    sizeText,
  ),
  numbers(
    'bytes-out',
    'Bytes out',
    ({ vertex }) => knownCount(vertex.metrics, 'write-bytes'),
    sizeText,
  ),
];
const UNKNOWN: VertexLive = { inputWatermarksMs: [] };

/** The graph, as a table. */
export function VertexTable(props: {
  readonly job: JobJson;
  readonly lives: ReadonlyMap<string, VertexLive>;
  readonly selectedId: string | undefined;
  readonly hrefOf: (vertexId: string) => string;
}): JSX.Element {
  const { job, lives, selectedId, hrefOf } = props;
  const rows = useMemo(
    () =>
      job.vertices.map((vertex) => ({
        vertex,
        live: lives.get(vertex.id) ?? UNKNOWN,
        href: hrefOf(vertex.id),
        isSelected: vertex.id === selectedId,
      })),
    [job, lives, selectedId, hrefOf],
  );
  return (
    <DataTable
      caption={`Vertices of ${job.name}`}
      columns={COLUMNS}
      rows={rows}
      keyOf={({ vertex }) => vertex.id}
    />
  );
}
