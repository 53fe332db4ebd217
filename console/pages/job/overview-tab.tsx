import type { JSX } from 'preact';
import { type JobJson, useVertexLive } from '../../data/index.ts';
import { JobGraph } from '../../graph/index.ts';
import { EmptyState } from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';
import { DiagnosisBanner, useDiagnosis, useNodeFindings } from './diagnosis-banner.tsx';
import { VertexDrawer } from './vertex-drawer.tsx';
import { VertexTable } from './vertex-table.tsx';

/** The graph of a job, its vertices as a table, and one of them in detail. */
function OverviewTab({ job, rest }: JobTabProps): JSX.Element {
  const [selectedId = '', view = ''] = rest.split('/');
  const selected = job.vertices.find(({ id }) => id === selectedId);
  const lives = useVertexLive(job, selected?.id);
  const diagnosis = useDiagnosis(job);
  const findings = useNodeFindings(diagnosis);
  const root = `#/jobs/${job.jid}/overview`;
  const hrefOf = (id: string): string => `${root}/${id}${view === '' ? '' : `/${view}`}`;
  if (job.vertices.length === 0) return <NotPlanned state={job.state} />;
  return (
    <>
      <DiagnosisBanner jobId={job.jid} diagnosis={diagnosis} />
      <div class={selected === undefined ? 'overview-grid' : 'overview-grid has-drawer'}>
        <section class="panel" aria-label="Graph">
          <JobGraph
            job={job}
            lives={lives}
            selectedId={selected?.id}
            hrefOf={hrefOf}
            findings={findings}
          />
        </section>
        {selected !== undefined && (
          <VertexDrawer
            key={selected.id}
            job={job}
            vertex={selected}
            live={lives.get(selected.id)}
            view={view}
            root={root}
          />
        )}
        <section class="panel" aria-label="Vertices">
          <VertexTable job={job} lives={lives} selectedId={selected?.id} hrefOf={hrefOf} />
        </section>
      </div>
    </>
  );
}

/** A deployed cluster evaluates a program when the job is there already. */
function NotPlanned({ state }: Pick<JobJson, 'state'>): JSX.Element {
  const hasEnded = state === 'FAILED' || state === 'CANCELED' || state === 'FINISHED';
  return (
    <section class="panel" aria-label="Graph">
      <EmptyState title={hasEnded ? 'The job has never had a graph' : 'There is no graph yet'}>
        <p>
          {hasEnded
            ? 'It ended before its program was evaluated, or because that failed: its exceptions say why.'
            : 'The cluster evaluates the program: the graph is here as soon as it is known.'}
        </p>
      </EmptyState>
    </section>
  );
}

export const OVERVIEW_TAB: JobTab = {
  id: 'overview',
  label: 'Overview',
  Component: OverviewTab,
};
