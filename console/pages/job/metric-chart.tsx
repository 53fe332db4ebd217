import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import {
  type AggregateJson,
  type JobVertexJson,
  type MetricJson,
  usePolled,
} from '../../data/index.ts';
import {
  countText,
  durationText,
  plural,
  rateText,
  sizeText,
  TimeChart,
  watermarkText,
} from '../../ui/index.ts';

const MAX_SAMPLES = 600;
const TOP_COUNT = 10;
/** Whose values are asked for one by one: an address has its bounds. */
const MAX_SUBTASKS = 200;

interface Sample {
  readonly atEpochMs: number;
  readonly aggregate: AggregateJson;
}

/** One metric of a vertex since the page was opened: its least, average and most. */
export function MetricChart(props: {
  /** `…/vertices/:vertexid/subtasks/metrics`. */
  readonly path: string;
  readonly vertex: JobVertexJson;
  readonly metric: string;
}): JSX.Element {
  const { path, vertex, metric } = props;
  const name = encodeURIComponent(metric);
  const polled = usePolled<readonly AggregateJson[]>(`${path}?get=${name}&agg=min,avg,max`);
  const samples = useSamples(polled.value?.[0], polled.atEpochMs);
  const [isOpen, setOpen] = useState(false);
  const of = (read: (aggregate: AggregateJson) => number | undefined) => {
    return samples.map(({ aggregate }) => knownValue(read(aggregate)));
  };
  const many = vertex.parallelism > 1;
  const series = many
    ? [
        { label: 'Average', values: of(({ avg }) => avg) },
        { label: 'Most', values: of(({ max }) => max) },
        { label: 'Least', values: of(({ min }) => min) },
      ]
    : [{ label: 'Now', values: of(({ max }) => max) }];
  return (
    <div class="metric">
      <TimeChart
        title={metric}
        timesEpochMs={samples.map(({ atEpochMs }) => atEpochMs)}
        series={series}
        format={formatOf(metric)}
      />
      {many && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>The subtasks with the most, of {plural(vertex.parallelism, 'subtask')}</summary>
          {isOpen && <TopSubtasks path={path} vertex={vertex} metric={metric} />}
        </details>
      )}
    </div>
  );
}

/** Oldest first. */
function useSamples(
  aggregate: AggregateJson | undefined,
  atEpochMs: number | undefined,
): readonly Sample[] {
  const samples = useRef<readonly Sample[]>([]);
  const isNew = atEpochMs !== undefined && atEpochMs !== samples.current.at(-1)?.atEpochMs;
  if (isNew && aggregate !== undefined) {
    samples.current = [...samples.current, { atEpochMs, aggregate }].slice(-MAX_SAMPLES);
  }
  return samples.current;
}

/** Sentinels of watermarks are none. */
function knownValue(value: number | undefined): number | null {
  if (value === undefined || Math.abs(value) > Number.MAX_SAFE_INTEGER) return null;
  return value;
}

function TopSubtasks(props: {
  readonly path: string;
  readonly vertex: JobVertexJson;
  readonly metric: string;
}): JSX.Element {
  const { path, vertex, metric } = props;
  const count = Math.min(vertex.parallelism, MAX_SUBTASKS);
  const ids = Array.from({ length: count }, (_, index) => `${index}.${metric}`);
  const route = path.replace(/\/subtasks\/metrics$/, '/metrics');
  const query = ids.map(encodeURIComponent).join(',');
  const polled = usePolled<readonly MetricJson[]>(`${route}?get=${query}`);
  const values = (polled.value ?? []).map(({ id, value }) => {
    return { subtask: Number.parseInt(id, 10), value: Number(value) };
  });
  const top = values.toSorted((a, b) => b.value - a.value).slice(0, TOP_COUNT);
  const most = Math.max(...top.map(({ value }) => value), 0);
  const format = formatOf(metric);
  return (
    <ol class="top">
      {top.map(({ subtask, value }) => (
        <li key={subtask}>
          <span>Subtask {subtask + 1}</span>
          <meter min={0} max={most > 0 ? most : 1} value={Math.max(0, value)} />
          <span>{format(value)}</span>
        </li>
      ))}
    </ol>
  );
}

/** By what Flink's names end with. */
export function formatOf(metric: string): (value: number) => string {
  if (/watermark$/i.test(metric)) return watermarkText;
  if (/TimeMsPerSecond$/.test(metric)) return (value) => `${Math.round(value)} ms/s`;
  if (/Bytes\w*PerSecond$/.test(metric)) return (value) => `${sizeText(value)}/s`;
  if (/PerSecond$/.test(metric)) return rateText;
  if (/Bytes|Size$/.test(metric)) return sizeText;
  if (/(TimeMs|Duration|Latency|Lag|Delay)$/.test(metric)) return durationText;
  return countText;
}
