import type { JSX } from 'preact';
import { type TaskManagerDetailsJson, useNow, usePolled } from '../../data/index.ts';
import { Answer, agoText, coresText, sizeText, Tabs } from '../../ui/index.ts';
import type { Page, PageProps } from '../page.ts';
import { LogView } from './log-view.tsx';
import { ProcessMetrics } from './process-metrics.tsx';
import { SlotMarks } from './slot-marks.tsx';
import { ThreadDump } from './thread-dump.tsx';

const VIEWS: readonly (readonly [id: string, label: string])[] = [
  ['overview', 'Overview'],
  ['logs', 'Logs'],
  ['threads', 'Threads'],
];

/** A process that runs tasks. */
function TaskManagerPage({ parameters }: PageProps): JSX.Element {
  const { id = '', rest = '' } = parameters;
  const [view = '', ...more] = rest.split('/');
  const shown = VIEWS.find(([one]) => one === view)?.[0] ?? 'overview';
  const root = `/taskmanagers/${encodeURIComponent(id)}`;
  const address = `#/task-managers/${encodeURIComponent(id)}`;
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Way to this page">
        <a href="#/task-managers">Task managers</a>
        <span aria-hidden="true">/</span>
        <code>{id}</code>
      </nav>
      <div class="page-head">
        <h1>{id}</h1>
      </div>
      <Tabs
        label="Task manager"
        tabs={VIEWS.map(([one, label]) => {
          return { href: `${address}/${one}`, label, isCurrent: one === shown };
        })}
      />
      {shown === 'overview' && <Overview root={root} />}
      {shown === 'logs' && (
        <LogView root={root} address={`${address}/logs`} fileName={more.join('/')} />
      )}
      {shown === 'threads' && <ThreadDump root={root} />}
    </div>
  );
}

function Overview({ root }: { readonly root: string }): JSX.Element {
  const details = usePolled<TaskManagerDetailsJson>(root);
  const nowEpochMs = useNow(3000);
  return (
    <Answer polled={details} what="task manager">
      {(manager) => (
        <>
          <dl class="facts">
            <div>
              <dt>Place</dt>
              <dd>{manager.path}</dd>
            </div>
            <div>
              <dt>Slots</dt>
              <dd>
                <SlotMarks
                  usedCount={manager.slotsNumber - manager.freeSlots}
                  totalCount={manager.slotsNumber}
                />
              </dd>
            </div>
            {manager.timeSinceLastHeartbeat > 0 && (
              <div>
                <dt>Last heartbeat</dt>
                <dd>{agoText(manager.timeSinceLastHeartbeat, nowEpochMs)}</dd>
              </div>
            )}
            <div>
              <dt>CPUs</dt>
              <dd>{coresText(manager.hardware.cpuCores)}</dd>
            </div>
            <div>
              <dt>Memory</dt>
              <dd>{sizeText(manager.hardware.physicalMemory)}</dd>
            </div>
          </dl>
          <Jobs jobIds={manager.allocatedSlots.map(({ jobId }) => jobId)} />
          <ProcessMetrics root={root} />
        </>
      )}
    </Answer>
  );
}

function Jobs({ jobIds }: { readonly jobIds: readonly string[] }): JSX.Element | null {
  if (jobIds.length === 0) return null;
  return (
    <section class="panel" aria-label="Jobs in its slots">
      <div class="panel-head">
        <h2>Jobs in its slots</h2>
      </div>
      <ul class="panel-body job-links">
        {[...new Set(jobIds)].map((jobId) => (
          <li key={jobId}>
            <a href={`#/jobs/${jobId}`}>
              <code>{jobId}</code>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

export const TASK_MANAGER_PAGE: Page = {
  path: '/task-managers/:id/*',
  title: 'Task manager',
  Component: TaskManagerPage,
};
