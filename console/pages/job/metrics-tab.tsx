import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type JobVertexJson, type MetricJson, usePolled } from '../../data/index.ts';
import { Answer, EmptyState, goTo } from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';
import { HottestSubtasks } from './hottest-subtasks.tsx';
import { MetricChart } from './metric-chart.tsx';

const RARELY_MS = 15_000;
const MAX_CHARTS = 12;
/** Drawn at first: where a look usually begins. */
const FIRST_METRICS = ['numRecordsInPerSecond', 'numRecordsOutPerSecond', 'busyTimeMsPerSecond'];

/** Metrics of a vertex as charts, and the subtasks with the most of each. */
function MetricsTab({ job, rest }: JobTabProps): JSX.Element {
  const { vertices } = job;
  const vertex = vertices.find(({ id }) => id === rest) ?? vertices[0];
  if (vertex === undefined) {
    return (
      <EmptyState title="No vertex yet">
        <p class="hint">The job has not been planned.</p>
      </EmptyState>
    );
  }
  return (
    <>
      <HottestSubtasks jobId={job.jid} />
      <section class="panel">
        <div class="panel-head">
          <h2>Explore</h2>
          <label class="inline-field">
            Vertex{' '}
            <select
              class="select"
              value={vertex.id}
              onChange={(event) => goTo(`/jobs/${job.jid}/metrics/${event.currentTarget.value}`)}
            >
              {vertices.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </div>
      </section>
      <VertexMetrics key={vertex.id} jobId={job.jid} vertex={vertex} />
    </>
  );
}

function VertexMetrics(props: {
  readonly jobId: string;
  readonly vertex: JobVertexJson;
}): JSX.Element {
  const { jobId, vertex } = props;
  const path = `/jobs/${jobId}/vertices/${vertex.id}/subtasks/metrics`;
  const polled = usePolled<readonly MetricJson[]>(path, RARELY_MS);
  const [chosen, setChosen] = useState<readonly string[]>(FIRST_METRICS);
  const change = (id: string): void => {
    const without = chosen.filter((one) => one !== id);
    setChosen(without.length < chosen.length ? without : [...chosen, id].slice(-MAX_CHARTS));
  };
  return (
    <Answer polled={polled} what="metrics">
      {(metrics) =>
        metrics.length === 0 ? (
          <EmptyState title="Nothing has been reported yet">
            <p class="hint">Subtasks tell their metrics twice a second while they run.</p>
          </EmptyState>
        ) : (
          <div class="metrics">
            <MetricList ids={metrics.map(({ id }) => id)} chosen={chosen} onChange={change} />
            <div class="time-charts">
              {chosen
                .filter((id) => metrics.some((metric) => metric.id === id))
                .map((id) => (
                  <MetricChart key={id} path={path} vertex={vertex} metric={id} />
                ))}
            </div>
          </div>
        )
      }
    </Answer>
  );
}

function MetricList(props: {
  readonly ids: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (id: string) => void;
}): JSX.Element {
  const { ids, chosen, onChange } = props;
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = ids.filter((id) => id.toLowerCase().includes(wanted)).toSorted();
  return (
    <section class="panel metric-list" aria-label="Metrics of the vertex">
      <div class="panel-head">
        <input
          class="input"
          type="search"
          placeholder="Filter metrics"
          aria-label="Filter metrics"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </div>
      <ul>
        {shown.map((id) => (
          <li key={id}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => onChange(id)} />
              <span>{id}</span>
            </label>
          </li>
        ))}
      </ul>
      {shown.length === 0 && (
        <p class="hint panel-body">None of {ids.length} has this in its name.</p>
      )}
    </section>
  );
}

export const METRICS_TAB: JobTab = { id: 'metrics', label: 'Metrics', Component: MetricsTab };
