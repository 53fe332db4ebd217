import type { JSX } from 'preact';
import { type TaskManagerJson, useNow, usePolled } from '../../data/index.ts';
import {
  Answer,
  agoText,
  type Column,
  coresText,
  DataTable,
  EmptyState,
  sizeText,
} from '../../ui/index.ts';
import type { Page } from '../page.ts';
import { SlotMarks } from './slot-marks.tsx';

interface Row {
  readonly manager: TaskManagerJson;
  readonly nowEpochMs: number;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'id',
    label: 'Task manager',
    isWide: true,
    sortBy: ({ manager }) => manager.id,
    cell: ({ manager }) => (
      <a href={`#/task-managers/${encodeURIComponent(manager.id)}`}>{manager.id}</a>
    ),
  },
  {
    id: 'path',
    label: 'Place',
    sortBy: ({ manager }) => manager.path,
    cell: ({ manager }) => <code>{manager.path}</code>,
  },
  {
    id: 'slots',
    label: 'Slots',
    sortBy: ({ manager }) => manager.slotsNumber,
    cell: ({ manager: { slotsNumber, freeSlots } }) => (
      <SlotMarks usedCount={slotsNumber - freeSlots} totalCount={slotsNumber} />
    ),
  },
  {
    id: 'heartbeat',
    label: 'Last heartbeat',
    sortBy: ({ manager }) => manager.timeSinceLastHeartbeat,
    cell: ({ manager: { timeSinceLastHeartbeat }, nowEpochMs }) =>
      timeSinceLastHeartbeat > 0 ? agoText(timeSinceLastHeartbeat, nowEpochMs) : '–',
  },
  {
    id: 'cpu',
    label: 'CPUs',
    isNumber: true,
    sortBy: ({ manager }) => manager.hardware.cpuCores,
    cell: ({ manager }) => coresText(manager.hardware.cpuCores),
  },
  {
    id: 'memory',
    label: 'Memory',
    isNumber: true,
    sortBy: ({ manager }) => manager.hardware.physicalMemory,
    cell: ({ manager }) => sizeText(manager.hardware.physicalMemory),
  },
];

/** Where tasks run, and how many slots are free. */
function TaskManagersPage(): JSX.Element {
  const answer = usePolled<{ readonly taskmanagers: readonly TaskManagerJson[] }>('/taskmanagers');
  const nowEpochMs = useNow(3000);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Task managers</h1>
      </div>
      <section class="panel" aria-label="Task managers">
        <Answer polled={answer} what="task managers">
          {({ taskmanagers }) =>
            taskmanagers.length === 0 ? (
              <EmptyState title="No task manager runs">
                <p>They start with the first job that needs one, and end with the last.</p>
              </EmptyState>
            ) : (
              <DataTable
                caption="Task managers"
                columns={COLUMNS}
                rows={taskmanagers.map((manager) => ({ manager, nowEpochMs }))}
                keyOf={({ manager }) => manager.id}
              />
            )
          }
        </Answer>
      </section>
    </div>
  );
}

export const TASK_MANAGERS_PAGE: Page = {
  path: '/task-managers',
  title: 'Task managers',
  link: { label: 'Task managers', icon: 'task-managers', key: 't' },
  Component: TaskManagersPage,
};
