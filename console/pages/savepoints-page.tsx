import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import {
  type CheckpointJson,
  type CheckpointsJson,
  type JobOverviewJson,
  usePolled,
} from '../data/index.ts';
import {
  Answer,
  type Column,
  DataTable,
  durationText,
  EmptyState,
  sizeText,
  timeText,
} from '../ui/index.ts';
import type { Page } from './page.ts';
import { SavepointPanel } from './savepoints/savepoint-panel.tsx';

/** Each asks for its checkpoints: more would be many requests. */
const MAX_JOBS = 20;
const RARELY_MS = 10_000;

/** Savepoints that the jobs of the cluster know of, and what can be done with one. */
function SavepointsPage(): JSX.Element {
  const polled = usePolled<{ readonly jobs: readonly JobOverviewJson[] }>('/jobs/overview');
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState('');
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map());
  const countOf = useCallback((jobId: string, count: number) => {
    setCounts((before) => new Map(before).set(jobId, count));
  }, []);
  return (
    <div class="page">
      <header class="page-head">
        <h1>Savepoints</h1>
      </header>
      <section class="panel panel-body">
        <form
          class="path-form"
          onSubmit={(event) => {
            event.preventDefault();
            setChosen(typed.trim());
          }}
        >
          <label class="path-field">
            <span class="label">Path of a savepoint or kept checkpoint</span>
            <input
              class="input mono"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="button" disabled={typed.trim() === ''}>
            Open
          </button>
        </form>
        <p class="hint">What the newest {MAX_JOBS} jobs know of is listed below.</p>
      </section>
      {chosen !== '' && <SavepointPanel key={chosen} path={chosen} />}
      <Answer polled={polled} what="jobs">
        {({ jobs }) => (
          <>
            {newestOf(jobs).map((job) => (
              <JobSavepoints
                key={job.jid}
                job={job}
                onCount={countOf}
                onChoose={(path) => {
                  setTyped(path);
                  setChosen(path);
                }}
              />
            ))}
            {newestOf(jobs).every(({ jid }) => counts.get(jid) === 0) && (
              <EmptyState title="No savepoints yet">
                <p>The button "Savepoint" on the page of a job that runs takes one.</p>
              </EmptyState>
            )}
          </>
        )}
      </Answer>
    </div>
  );
}

function newestOf(jobs: readonly JobOverviewJson[]): readonly JobOverviewJson[] {
  return jobs.toSorted((a, b) => b['start-time'] - a['start-time']).slice(0, MAX_JOBS);
}

function JobSavepoints(props: {
  readonly job: JobOverviewJson;
  /** Once it is known how many it has. */
  readonly onCount: (jobId: string, count: number) => void;
  readonly onChoose: (path: string) => void;
}): JSX.Element | null {
  const { job, onCount, onChoose } = props;
  const { value, error } = usePolled<CheckpointsJson>(`/jobs/${job.jid}/checkpoints`, RARELY_MS);
  const known = value === undefined ? [] : savepointsOf(value);
  // A job without checkpointing refuses to tell.
  const count = value === undefined && error === undefined ? undefined : known.length;
  useEffect(() => {
    if (count !== undefined) onCount(job.jid, count);
  }, [job.jid, count, onCount]);
  if (known.length === 0) return null;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>
          <a href={`#/jobs/${job.jid}`}>{job.name}</a>
        </h2>
      </div>
      <DataTable
        caption={`Savepoints of ${job.name}`}
        columns={columnsOf(onChoose)}
        rows={known}
        keyOf={({ id }) => id}
        initialSorting={{ columnId: 'taken', isDescending: true }}
      />
    </section>
  );
}

/** Completed ones, each once. */
function savepointsOf({ latest, history }: CheckpointsJson): readonly CheckpointJson[] {
  const all = [...history, ...(latest.savepoint === null ? [] : [latest.savepoint])];
  const savepoints = all.filter((one) => one.is_savepoint && one.status === 'COMPLETED');
  return [...new Map(savepoints.map((one) => [one.id, one])).values()];
}

function columnsOf(onChoose: (path: string) => void): readonly Column<CheckpointJson>[] {
  return [
    {
      id: 'path',
      label: 'Path',
      isWide: true,
      cell: ({ external_path: path = '' }) => <code class="path">{path}</code>,
    },
    {
      id: 'taken',
      label: 'Taken',
      sortBy: (one) => one.trigger_timestamp,
      cell: (one) => timeText(one.trigger_timestamp),
    },
    {
      id: 'duration',
      label: 'Took',
      isNumber: true,
      cell: (one) => durationText(one.end_to_end_duration),
    },
    { id: 'size', label: 'Size', isNumber: true, cell: (one) => sizeText(one.state_size) },
    {
      id: 'open',
      label: 'Open',
      cell: ({ external_path: path = '' }) => (
        <button
          type="button"
          class="button"
          aria-label={`Open ${path}`}
          onClick={() => onChoose(path)}
        >
          Open
        </button>
      ),
    },
  ];
}

export const SAVEPOINTS_PAGE: Page = {
  path: '/savepoints',
  title: 'Savepoints',
  link: { label: 'Savepoints', icon: 'storage', key: 'p' },
  Component: SavepointsPage,
};
