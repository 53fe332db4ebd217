import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type RatePoint, useConsole, type VertexLive } from '../../data/index.ts';
import { type ChartSeries, percentText, rateText, TimeChart } from '../../ui/index.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

type Read = (live: VertexLive) => number | undefined;

const RATES: readonly (readonly [string, `--${string}`, Read])[] = [
  ['in', '--accent', ({ inPerSecond }) => inPerSecond],
  ['out', '--good', ({ outPerSecond }) => outPerSecond],
];
const LOADS: readonly (readonly [string, `--${string}`, Read])[] = [
  ['busy', '--busy', ({ busyShare }) => busyShare],
  ['back pressured', '--pressured', ({ pressuredShare }) => pressuredShare],
  ['idle', '--idle', ({ idleShare }) => idleShare],
];

/** What a vertex did since its job is looked at. */
export function RateCharts({ job, vertex }: VertexViewProps): JSX.Element {
  const { history } = useConsole();
  const points = history.of(job.jid, vertex.id);
  const times = useMemo(() => points.map(({ atEpochMs }) => atEpochMs), [points]);
  const rates = useMemo(() => seriesOf(points, RATES), [points]);
  const loads = useMemo(() => seriesOf(points, LOADS), [points]);
  return (
    <div class="time-charts panel-body">
      <TimeChart title="Records a second" timesEpochMs={times} series={rates} format={rateText} />
      <TimeChart
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
  reads: readonly (readonly [string, `--${string}`, Read])[],
): readonly ChartSeries[] {
  return reads.map(([label, color, read]) => ({
    label,
    color,
    values: points.map(({ live }) => read(live) ?? null),
  }));
}
