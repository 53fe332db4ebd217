import type { JSX } from 'preact';
import { useVertexLive } from '../../data/index.ts';
import { JobGraph } from '../../graph/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';
import { VertexDrawer } from './vertex-drawer.tsx';
import { VertexTable } from './vertex-table.tsx';

/** The graph of a job, its vertices as a table, and one of them in detail. */
function OverviewTab({ job, rest }: JobTabProps): JSX.Element {
  const [selectedId = '', view = ''] = rest.split('/');
  const selected = job.vertices.find(({ id }) => id === selectedId);
  const lives = useVertexLive(job, selected?.id);
  const root = `#/jobs/${job.jid}/overview`;
  const hrefOf = (id: string): string => `${root}/${id}${view === '' ? '' : `/${view}`}`;
  return (
    <div class={selected === undefined ? 'overview-grid' : 'overview-grid has-drawer'}>
      <section class="panel" aria-label="Graph">
        <JobGraph job={job} lives={lives} selectedId={selected?.id} hrefOf={hrefOf} />
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
  );
}

export const OVERVIEW_TAB: JobTab = {
  id: 'overview',
  label: 'Overview',
  Component: OverviewTab,
};
