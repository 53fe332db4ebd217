import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type RatePoint, useConsole, type VertexLive } from '../../data/index.ts';
import { Chart, percentText, rateText, type Series } from '../../ui/index.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

type Read = (live: VertexLive) => number | undefined;

const RATES: readonly (readonly [string, Series['color'], Read])[] = [
  ['in', 1, ({ inPerSecond }) => inPerSecond],
  ['out', 2, ({ outPerSecond }) => outPerSecond],
];
const LOADS: readonly (readonly [string, Series['color'], Read])[] = [
  ['busy', 4, ({ busyShare }) => busyShare],
  ['back pressured', 5, ({ pressuredShare }) => pressuredShare],
  ['idle', 6, ({ idleShare }) => idleShare],
];

/** What a vertex did since its job is looked at. */
export function RateCharts({ job, vertex }: VertexViewProps): JSX.Element {
  const { history } = useConsole();
  const points = history.of(job.jid, vertex.id);
  const times = useMemo(() => points.map(({ atEpochMs }) => atEpochMs), [points]);
  const rates = useMemo(() => seriesOf(points, RATES), [points]);
  const loads = useMemo(() => seriesOf(points, LOADS), [points]);
  return (
    <div class="charts">
      <Chart title="Records a second" timesEpochMs={times} series={rates} format={rateText} />
      <Chart
        title="Time of the busiest subtask"
        timesEpochMs={times}
        series={loads}
        format={percentText}
        max={1}
      />
    </div>
  );
}

function seriesOf(
  points: readonly RatePoint[],
  reads: readonly (readonly [string, Series['color'], Read])[],
): readonly Series[] {
  return reads.map(([label, color, read]) => ({
    label,
    color,
    values: points.map(({ live }) => read(live) ?? null),
  }));
}
