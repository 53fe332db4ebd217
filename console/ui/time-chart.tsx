import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { timeText } from './format.ts';
import { tickSteps } from './tick-steps.ts';

export interface ChartSeries {
  readonly label: string;
  /** A colour's custom property. @defaultValue one of its own, in turn */
  readonly color?: `--${string}`;
  /** As many as there are times; null: not known. */
  readonly values: readonly (number | null)[];
}

export interface TimeChartProps {
  readonly title: string;
  /** Epoch milliseconds, ascending. */
  readonly timesEpochMs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** @defaultValue what the values need */
  readonly max?: number;
  /** @defaultValue lines */
  readonly look?: 'lines' | 'points';
}

/** One a series, in turn; each is told apart by its dashes, too. */
const COLORS = ['--accent', '--warn', '--good', '--bad', '--quiet'] as const;
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4]];
/** On either side of a point that is alone. */
const LONE_POINT_S = 30;
const HEIGHT_PX = 180;
const AXIS_WIDTH_PX = 76;

/** Values over time, drawn on a canvas; what is newest is said in words, too. */
export function TimeChart(props: TimeChartProps): JSX.Element {
  const { title, timesEpochMs, series, format } = props;
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const newest = useRef(props);
  newest.current = props;
  const shape = series.map(({ label }) => label).join('\n');
  const isEmpty = timesEpochMs.length === 0;
  useEffect(() => {
    const element = host.current;
    if (element === null || isEmpty) return;
    return drawn(element, newest, (made) => {
      chart.current = made;
    });
  }, [shape, isEmpty]);
  useEffect(() => {
    chart.current?.setData(dataOf(newest.current));
  }, [timesEpochMs, series]);
  const words = series.map(({ label, values }) => `${label} ${lastText(values, format)}`);
  return (
    <figure class="time-chart">
      <figcaption>
        <span class="time-chart-title">{title}</span>
        <span class="time-chart-newest">{words.join(' · ')}</span>
      </figcaption>
      {isEmpty ? (
        <p class="time-chart-empty">The first points come in a few seconds.</p>
      ) : (
        <div
          ref={host}
          class="time-chart-canvas"
          data-series={series.length}
          role="img"
          aria-label={`${title}: ${words.join(', ')}`}
        />
      )}
    </figure>
  );
}

function lastText(values: readonly (number | null)[], format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? '–' : format(last);
}

/** @returns what takes it away. */
function drawn(
  element: HTMLDivElement,
  newest: { readonly current: TimeChartProps },
  onMade: (chart: uPlot | undefined) => void,
): () => void {
  let made: uPlot | undefined;
  let isGone = false;
  // Where nothing can be drawn, its words stand alone.
  if (typeof ResizeObserver === 'undefined') return () => {};
  const observer = new ResizeObserver(() => {
    made?.setSize({ width: element.clientWidth, height: HEIGHT_PX });
  });
  void import('uplot').then(({ default: Chart }) => {
    if (isGone) return;
    made = new Chart(
      optionsOf(newest.current, element.clientWidth),
      dataOf(newest.current),
      element,
    );
    onMade(made);
    observer.observe(element);
  });
  return () => {
    isGone = true;
    observer.disconnect();
    made?.destroy();
    onMade(undefined);
  };
}

function dataOf({ timesEpochMs, series }: TimeChartProps): uPlot.AlignedData {
  return [timesEpochMs.map((at) => at / 1000), ...series.map(({ values }) => [...values])];
}

function optionsOf(
  { series, format, look, max: top }: TimeChartProps,
  widthPx: number,
): uPlot.Options {
  const axis = {
    stroke: () => color('--text-muted'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { stroke: () => color('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    ...{ width: Math.max(100, widthPx), height: HEIGHT_PX },
    legend: { live: true },
    cursor: { points: { size: 7 } },
    scales: {
      // Of one point it would show a day.
      x: {
        range: ({ data: [times] }, min, max) =>
          times.length > 1 ? [min, max] : [min - LONE_POINT_S, min + LONE_POINT_S],
      },
      y: { range: (_, min, max) => [Math.min(0, min ?? 0), top ?? niceMax(max ?? 0)] },
    },
    axes: [
      { ...axis, space: 70, values: (_, splits) => splits.map(clockText) },
      {
        ...axis,
        size: AXIS_WIDTH_PX,
        incrs: [...tickSteps(format)],
        values: (_, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      { label: 'At', value: (_, at) => (at === null ? '–' : clockText(at)) },
      ...series.map(({ label, color: own }, index) => ({
        label,
        stroke: () => color(own ?? COLORS[index % COLORS.length] ?? '--accent'),
        width: 2,
        dash: [...(DASHES[index % DASHES.length] ?? [])],
        // A line needs two.
        points: { show: (chart: uPlot) => look === 'points' || chart.data[0].length < 2, size: 6 },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
  };
}

/** Local time of day. */
function clockText(epochSeconds: number): string {
  return timeText(epochSeconds * 1000).slice(-8);
}

function niceMax(max: number): number {
  return max <= 0 ? 1 : max * 1.1;
}

/** As the theme has it now. */
function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
