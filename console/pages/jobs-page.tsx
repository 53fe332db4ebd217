import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type JobOverviewJson, type OverviewJson, useConfig, usePolled } from '../data/index.ts';
import {
  Answer,
  CodeLine,
  type Column,
  countText,
  DataTable,
  durationText,
  EmptyState,
  Segmented,
  StateBadge,
  setQuery,
  timeText,
  useRoute,
} from '../ui/index.ts';
import type { Page } from './page.ts';
import { TaskCounts } from './task-counts.tsx';

type Shown = 'all' | 'running' | 'ended';

const ENDED: readonly string[] = ['FINISHED', 'FAILED', 'CANCELED'];
const SHOWN: readonly { readonly value: Shown; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'running', label: 'Running' },
  { value: 'ended', label: 'Ended' },
];

const COLUMNS: readonly Column<JobOverviewJson>[] = [
  {
    id: 'name',
    label: 'Name',
    isWide: true,
    sortBy: ({ name }) => name,
    cell: ({ jid, name }) => (
      <a href={`#/jobs/${jid}`} class="job-name">
        {name}
      </a>
    ),
  },
  {
    id: 'state',
    label: 'State',
    sortBy: ({ state }) => state,
    cell: ({ state }) => <StateBadge state={state} />,
  },
  {
    id: 'tasks',
    label: 'Tasks',
    sortBy: ({ tasks }) => tasks.total ?? 0,
    cell: ({ tasks }) => <TaskCounts tasks={tasks} />,
  },
  {
    id: 'start',
    label: 'Started',
    sortBy: (job) => job['start-time'],
    cell: (job) => timeText(job['start-time']),
  },
  {
    id: 'end',
    label: 'Ended',
    sortBy: (job) => job['end-time'],
    cell: (job) => timeText(job['end-time']),
  },
  {
    id: 'duration',
    label: 'Duration',
    isNumber: true,
    sortBy: ({ duration }) => duration,
    cell: ({ duration }) => durationText(duration),
  },
  { id: 'id', label: 'Id', cell: ({ jid }) => <code title={jid}>{jid.slice(0, 8)}</code> },
];

/** All jobs: those that run first, the newest first. */
function JobsPage(): JSX.Element {
  const jobs = usePolled<{ readonly jobs: readonly JobOverviewJson[] }>('/jobs/overview');
  const overview = usePolled<OverviewJson>('/overview').value;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Jobs</h1>
      </div>
      <ClusterFacts overview={overview} />
      <section class="panel" aria-label="Jobs">
        <Answer polled={jobs} what="jobs">
          {(answer) => (answer.jobs.length === 0 ? <NoJobs /> : <JobList jobs={answer.jobs} />)}
        </Answer>
      </section>
    </div>
  );
}

function JobList({ jobs }: { readonly jobs: readonly JobOverviewJson[] }): JSX.Element {
  const route = useRoute();
  const filter = route.query.get('filter') ?? '';
  const shown = (route.query.get('show') ?? 'all') as Shown;
  const chosen = useMemo(() => chosenJobs(jobs, filter, shown), [jobs, filter, shown]);
  return (
    <>
      <div class="panel-head">
        <Segmented
          label="Which jobs"
          options={SHOWN}
          value={shown}
          onChange={(value) => setQuery(route, 'show', value === 'all' ? undefined : value)}
        />
        <input
          class="input"
          type="search"
          placeholder="Filter by name or id"
          aria-label="Filter by name or id"
          value={filter}
          onInput={(event) => setQuery(route, 'filter', event.currentTarget.value)}
        />
        <span class="muted" role="status">
          {chosen.length === jobs.length
            ? `${countText(jobs.length)} in all`
            : `${countText(chosen.length)} of ${countText(jobs.length)}`}
        </span>
      </div>
      {chosen.length === 0 ? (
        <EmptyState title="No job is like that">
          <p>Change the filter to see others.</p>
        </EmptyState>
      ) : (
        <DataTable caption="Jobs" columns={COLUMNS} rows={chosen} keyOf={({ jid }) => jid} />
      )}
    </>
  );
}

/** Those that run first; then the newest first. */
export function chosenJobs(
  jobs: readonly JobOverviewJson[],
  filter: string,
  shown: Shown,
): readonly JobOverviewJson[] {
  const text = filter.trim().toLowerCase();
  const isEnded = ({ state }: JobOverviewJson): boolean => ENDED.includes(state);
  return jobs
    .filter((job) => shown === 'all' || isEnded(job) === (shown === 'ended'))
    .filter(({ name, jid }) => name.toLowerCase().includes(text) || jid.startsWith(text))
    .toSorted((a, b) => +isEnded(a) - +isEnded(b) || b['start-time'] - a['start-time']);
}

function ClusterFacts({ overview }: { readonly overview: OverviewJson | undefined }): JSX.Element {
  const facts: readonly (readonly [string, number | undefined])[] = [
    ['Running', overview?.['jobs-running']],
    ['Finished', overview?.['jobs-finished']],
    ['Canceled', overview?.['jobs-cancelled']],
    ['Failed', overview?.['jobs-failed']],
    ['Task managers', overview?.taskmanagers],
  ];
  const slots =
    overview === undefined
      ? '–'
      : `${overview['slots-total'] - overview['slots-available']} of ${overview['slots-total']}`;
  return (
    <dl class="counts">
      {facts.map(([name, count]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{countText(count)}</dd>
        </div>
      ))}
      <div>
        <dt>Slots in use</dt>
        <dd>{slots}</dd>
      </div>
    </dl>
  );
}

function NoJobs(): JSX.Element {
  const canSubmit = useConfig()?.features['web-submit'] === true;
  return (
    <EmptyState title="No job has been submitted yet">
      <p>Submit one from a terminal:</p>
      <CodeLine what="the command" text={`npx sluice run -d -m ${location.host} job.ts`} />
      {canSubmit && (
        <p>
          or <a href="#/submit">submit a bundle</a> from here.
        </p>
      )}
    </EmptyState>
  );
}

export const JOBS_PAGE: Page = {
  path: '/jobs',
  title: 'Jobs',
  link: { label: 'Jobs', icon: 'jobs', key: 'j' },
  Component: JobsPage,
};
