import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  type BackPressureJson,
  knownCount,
  type MetricJson,
  type SubtaskJson,
  usePolled,
  type VertexJson,
} from '../../data/index.ts';
import {
  Answer,
  type Column,
  countText,
  DataTable,
  durationText,
  EmptyState,
  percentText,
  StateBadge,
  sizeText,
  timeText,
  watermarkText,
} from '../../ui/index.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

interface Row {
  readonly subtask: SubtaskJson;
  readonly busyShare: number | undefined;
  readonly pressuredShare: number | undefined;
  readonly watermarkMs: number | undefined;
}

function numbers(
  id: string,
  label: string,
  of: (row: Row) => number | undefined,
  text: (value: number | undefined) => string,
): Column<Row> {
  return {
    id,
    label,
    isNumber: true,
    sortBy: (row) => of(row) ?? -1,
    cell: (row) => text(of(row)),
  };
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'subtask',
    label: 'Subtask',
    sortBy: ({ subtask }) => subtask.subtask,
    cell: ({ subtask }) => subtask.subtask,
  },
  {
    id: 'state',
    label: 'State',
    sortBy: ({ subtask }) => subtask.status,
    cell: ({ subtask }) => <StateBadge state={subtask.status} />,
  },
  numbers('busy', 'Busy', ({ busyShare }) => busyShare, percentText),
  numbers('pressured', 'Back pressure', ({ pressuredShare }) => pressuredShare, percentText),
  numbers(
    'in',
    'Records in',
    ({ subtask }) => knownCount(subtask.metrics, 'read-records'),
    countText,
  ),
  numbers(
    'out',
    'Records out',
    ({ subtask }) => knownCount(subtask.metrics, 'write-records'),
    countText,
  ),
  numbers(
    'bytes-in',
    'Bytes in',
    ({ subtask }) => knownCount(subtask.metrics, 'read-bytes'),
    sizeText,
  ),
  numbers(
    'bytes-out',
    'Bytes out',
    ({ subtask }) => knownCount(subtask.metrics, 'write-bytes'),
    sizeText,
  ),
  numbers('watermark', 'Watermark', ({ watermarkMs }) => watermarkMs, watermarkText),
  numbers('attempt', 'Attempt', ({ subtask }) => subtask.attempt + 1, countText),
  numbers('start', 'Started', ({ subtask }) => subtask['start-time'], timeText),
  numbers('duration', 'Duration', ({ subtask }) => subtask.duration, durationText),
  {
    id: 'place',
    label: 'Task manager',
    sortBy: ({ subtask }) => subtask['taskmanager-id'],
    cell: ({ subtask }) => <code>{subtask.endpoint}</code>,
  },
];

/** The subtasks of a vertex: which is slow, which is behind. */
export function SubtaskTable({ job, vertex }: VertexViewProps): JSX.Element {
  const root = `/jobs/${job.jid}/vertices/${vertex.id}`;
  const details = usePolled<VertexJson>(root);
  const pressure = usePolled<BackPressureJson>(`${root}/backpressure`).value;
  const watermarks = usePolled<readonly MetricJson[]>(`${root}/watermarks`).value;
  const rows = useMemo(
    () => rowsOf(details.value, pressure, watermarks),
    [details.value, pressure, watermarks],
  );
  return (
    <Answer polled={details} what="subtasks">
      {({ subtasks }) =>
        subtasks.length === 0 ? (
          <EmptyState title="Nothing is known of the subtasks">
            <p>They have not been deployed yet, or this cluster shows vertices as wholes.</p>
          </EmptyState>
        ) : (
          <DataTable
            caption={`Subtasks of ${vertex.name}`}
            columns={COLUMNS}
            rows={rows}
            keyOf={({ subtask }) => subtask.subtask}
          />
        )
      }
    </Answer>
  );
}

/** A task is always busy, pressured or idle: of none of them nothing is known. */
function hasReported(share: BackPressureJson['subtasks'][number]): boolean {
  return share.ratio + share.idleRatio + share.busyRatio > 0;
}

function rowsOf(
  vertex: VertexJson | undefined,
  pressure: BackPressureJson | undefined,
  watermarks: readonly MetricJson[] = [],
): readonly Row[] {
  const shares = new Map(pressure?.subtasks.filter(hasReported).map((one) => [one.subtask, one]));
  const values = new Map(
    watermarks.map(({ id, value }) => [Number.parseInt(id, 10), Number(value)]),
  );
  return (vertex?.subtasks ?? []).map((subtask) => ({
    subtask,
    busyShare: shares.get(subtask.subtask)?.busyRatio,
    pressuredShare: shares.get(subtask.subtask)?.ratio,
    watermarkMs: values.get(subtask.subtask),
  }));
}
