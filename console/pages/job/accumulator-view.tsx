import type { JSX } from 'preact';
import { usePolled } from '../../data/index.ts';
import { Answer, type Column, DataTable, EmptyState } from '../../ui/index.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

interface Accumulator {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

interface OfSubtask extends Accumulator {
  readonly subtask: number;
}

interface OfSubtasks {
  readonly subtasks: readonly {
    readonly subtask: number;
    readonly 'user-accumulators': readonly Accumulator[];
  }[];
}

const COLUMNS: readonly Column<Accumulator>[] = [
  { id: 'name', label: 'Name', sortBy: ({ name }) => name, cell: ({ name }) => name },
  { id: 'type', label: 'Type', sortBy: ({ type }) => type, cell: ({ type }) => type },
  { id: 'value', label: 'Value', isWide: true, cell: ({ value }) => <code>{value}</code> },
];
const OF_SUBTASK: readonly Column<OfSubtask>[] = [
  {
    id: 'subtask',
    label: 'Subtask',
    sortBy: ({ subtask }) => subtask,
    cell: ({ subtask }) => subtask,
  },
  ...COLUMNS,
];

/** What the functions of a vertex count: in all, and by subtask. */
export function AccumulatorView({ job, vertex }: VertexViewProps): JSX.Element {
  const root = `/jobs/${job.jid}/vertices/${vertex.id}`;
  const all = usePolled<{ readonly 'user-accumulators': readonly Accumulator[] }>(
    `${root}/accumulators`,
  );
  const subtasks = usePolled<OfSubtasks>(`${root}/subtasks/accumulators`).value?.subtasks ?? [];
  const bySubtask = subtasks.flatMap((one) =>
    one['user-accumulators'].map((of) => ({ ...of, subtask: one.subtask })),
  );
  return (
    <Answer polled={all} what="accumulators">
      {({ 'user-accumulators': accumulators }) =>
        accumulators.length === 0 ? (
          <EmptyState title="The functions of this vertex have no accumulators" />
        ) : (
          <>
            <DataTable
              caption={`Accumulators of ${vertex.name}`}
              columns={COLUMNS}
              rows={accumulators}
              keyOf={({ name }) => name}
            />
            <h3 class="panel-body">By subtask</h3>
            <DataTable
              caption={`Accumulators of ${vertex.name} by subtask`}
              columns={OF_SUBTASK}
              rows={bySubtask}
              keyOf={({ subtask, name }) => `${subtask} ${name}`}
            />
          </>
        )
      }
    </Answer>
  );
}
