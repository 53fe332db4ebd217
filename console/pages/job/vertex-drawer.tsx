import type { ComponentType, JSX } from 'preact';
import type { JobJson, JobVertexJson, VertexLive } from '../../data/index.ts';
import { Icon, plural, StateBadge, Tabs } from '../../ui/index.ts';
import { AccumulatorView } from './accumulator-view.tsx';
import { FlameView } from './flame-view.tsx';
import { RateCharts } from './rate-charts.tsx';
import { SubtaskTable } from './subtask-table.tsx';
import { WatermarkView } from './watermark-view.tsx';

/** What is shown of a vertex gets this. */
export interface VertexViewProps {
  readonly job: JobJson;
  readonly vertex: JobVertexJson;
  readonly live: VertexLive | undefined;
}

interface VertexView {
  readonly id: string;
  readonly label: string;
  readonly Component: ComponentType<VertexViewProps>;
}

const VIEWS: readonly VertexView[] = [
  { id: 'subtasks', label: 'Subtasks', Component: SubtaskTable },
  { id: 'rates', label: 'Rates', Component: RateCharts },
  { id: 'watermarks', label: 'Watermarks', Component: WatermarkView },
  { id: 'accumulators', label: 'Accumulators', Component: AccumulatorView },
  { id: 'flame-graph', label: 'Flame graph', Component: FlameView },
];

/** A vertex in detail, beside the graph. */
export function VertexDrawer(
  props: VertexViewProps & { readonly view: string; readonly root: string },
): JSX.Element {
  const { job, vertex, live, view, root } = props;
  const shown = VIEWS.find(({ id }) => id === view) ?? VIEWS[0];
  const tabs = VIEWS.map(({ id, label }) => ({
    href: `${root}/${vertex.id}/${id}`,
    label,
    isCurrent: id === shown?.id,
  }));
  return (
    <section class="panel drawer" aria-label={`Vertex ${vertex.name}`}>
      <div class="panel-head">
        <h2>{vertex.name}</h2>
        <StateBadge state={vertex.status} />
        <span class="muted">{plural(vertex.parallelism, 'subtask')}</span>
        <a class="icon-button" href={root} aria-label="Close the vertex" title="Close">
          <Icon name="close" />
        </a>
      </div>
      <Tabs label="Vertex" tabs={tabs} />
      <div class="drawer-body">
        {shown !== undefined && <shown.Component job={job} vertex={vertex} live={live} />}
      </div>
    </section>
  );
}
