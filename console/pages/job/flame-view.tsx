import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { usePolled } from '../../data/index.ts';
import {
  Answer,
  type Column,
  DataTable,
  EmptyState,
  percentText,
  Segmented,
  timeText,
} from '../../ui/index.ts';
import { FlameCanvas } from './flame-canvas.tsx';
import { type FlameNode, type FlameShare, hottest } from './flame-layout.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

interface FlameJson {
  readonly endTimestamp?: number;
  readonly data?: FlameNode | null;
}

type FlameType = 'on_cpu' | 'off_cpu' | 'full';

const TYPES: readonly { readonly value: FlameType; readonly label: string }[] = [
  { value: 'on_cpu', label: 'Computing' },
  { value: 'off_cpu', label: 'Waiting' },
  { value: 'full', label: 'Both' },
];
const COLUMNS: readonly Column<FlameShare>[] = [
  { id: 'name', label: 'Function', isWide: true, cell: ({ name }) => <code>{name}</code> },
  {
    id: 'share',
    label: 'Own time',
    isNumber: true,
    sortBy: ({ share }) => share,
    cell: ({ share }) => percentText(share),
  },
];
const HOTTEST_COUNT = 12;
const INTERVAL_MS = 10_000;

/** Where the time of a vertex goes, function by function. */
export function FlameView({ job, vertex }: VertexViewProps): JSX.Element {
  const [type, setType] = useState<FlameType>('on_cpu');
  const [subtask, setSubtask] = useState('');
  const query = `type=${type}${subtask === '' ? '' : `&subtaskindex=${subtask}`}`;
  const path = `/jobs/${job.jid}/vertices/${vertex.id}/flamegraph?${query}`;
  const answer = usePolled<FlameJson>(path, INTERVAL_MS);
  return (
    <div class="flame">
      <div class="flame-tools">
        <Segmented label="Which time" options={TYPES} value={type} onChange={setType} />
        <select
          class="select"
          aria-label="Of which subtask"
          value={subtask}
          onChange={(event) => setSubtask(event.currentTarget.value)}
        >
          <option value="">all subtasks</option>
          {Array.from({ length: vertex.parallelism }, (_, index) => (
            <option key={`subtask ${index}`} value={index}>
              subtask {index}
            </option>
          ))}
        </select>
      </div>
      <Answer polled={answer} what="flame graph">
        {({ data, endTimestamp }) => <Flames data={data} endEpochMs={endTimestamp} />}
      </Answer>
    </div>
  );
}

const WAITING = [
  'Samples are being taken',
  'The first come in some seconds. Without any, the vertex did nothing of this kind.',
] as const;
/** By what stands in place of a time, as Flink says it. */
const REASONS: ReadonlyMap<number | undefined, readonly [title: string, reason: string]> = new Map([
  [-1, ['Nothing of this runs', 'Samples are taken of tasks while they run.']],
  [
    -2,
    [
      'There are no flame graphs here',
      'rest.flamegraph.enabled turns them off in a local cluster. A deployed one runs as functions, which nobody can look into: run the job with `sluice cluster` for them.',
    ],
  ],
]);

function Flames(props: {
  readonly data: FlameNode | null | undefined;
  readonly endEpochMs: number | undefined;
}): JSX.Element {
  const { data, endEpochMs } = props;
  if (data === undefined || data === null || data.value === 0) {
    const [title, reason] = REASONS.get(endEpochMs) ?? WAITING;
    return (
      <EmptyState title={title}>
        <p>{reason}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <FlameCanvas root={data} />
      {endEpochMs !== undefined && <p class="hint">Samples until {timeText(endEpochMs)}.</p>}
      <DataTable
        caption="Functions that take most of the time"
        columns={COLUMNS}
        rows={hottest(data, HOTTEST_COUNT)}
        keyOf={({ name }) => name}
      />
    </>
  );
}
