import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { timeText } from './format.ts';

export interface Series {
  readonly label: string;
  /** Of the palette: `--series-1` … `--series-6`. 4 is busy, 5 back pressured, 6 idle. */
  readonly color: 1 | 2 | 3 | 4 | 5 | 6;
  /** One for each time; null: not known. */
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Ascending. */
  readonly timesEpochMs: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** @defaultValue what the values need */
  readonly max?: number;
}

const HEIGHT_PX = 170;

/** Values over time, on a canvas; the newest also as text, for who does not see it. */
export function Chart(props: ChartProps): JSX.Element {
  const { title, timesEpochMs, series, format } = props;
  const frame = useRef<HTMLDivElement>(null);
  usePlot(frame, props);
  return (
    <figure class="chart" aria-label={title}>
      <figcaption>
        <strong>{title}</strong>
        <ul class="chart-legend">
          {series.map(({ label, color, values }) => (
            <li key={label} data-color={color}>
              {label} <span class="chart-value">{lastText(values, format)}</span>
            </li>
          ))}
        </ul>
      </figcaption>
      {timesEpochMs.length < 2 ? (
        <p class="chart-empty">Drawn while you look: the first points come in a few seconds.</p>
      ) : (
        <div class="chart-frame" ref={frame} aria-hidden="true" />
      )}
      <p class="visually-hidden">
        Since {timeText(timesEpochMs[0])}, {timesEpochMs.length} values.
      </p>
    </figure>
  );
}

function lastText(values: readonly (number | null)[], format: (value: number) => string): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? '–' : format(last);
}

/** Made once, then given new values: the library is loaded with the first chart. */
function usePlot(frame: { readonly current: HTMLDivElement | null }, props: ChartProps): void {
  const { timesEpochMs, series } = props;
  const plot = useRef<uPlot | undefined>(undefined);
  const hasPoints = timesEpochMs.length >= 2;
  const data = useMemo<uPlot.AlignedData>(
    () => [timesEpochMs.map((at) => at / 1000), ...series.map(({ values }) => [...values])],
    [timesEpochMs, series],
  );
  const newest = useRef({ props, data });
  newest.current = { props, data };
  useEffect(() => {
    const element = frame.current;
    if (element === null || typeof ResizeObserver === 'undefined') return;
    let isWanted = true;
    const resize = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    void import('uplot').then(({ default: Plot }) => {
      if (!isWanted) return;
      const { current } = newest;
      plot.current = new Plot(optionsOf(element, current.props), current.data, element);
      resize.observe(element);
    });
    return () => {
      isWanted = false;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [frame, hasPoints]);
  useEffect(() => plot.current?.setData(data), [data]);
}

function optionsOf(element: HTMLElement, props: ChartProps): uPlot.Options {
  const { format, max } = props;
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  // Read at each drawing: the theme may change.
  const axis = {
    stroke: () => color('--text-muted'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { y: { range: (_plot, _min, top) => [0, max ?? Math.max(top * 1.1, 1)] } },
    axes: [
      { ...axis, values: (_plot, ticks) => ticks.map(clockText) },
      { ...axis, size: 64, values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...props.series.map(({ label, color: index }) => ({
        label,
        stroke: () => color(`--series-${index}`),
        width: 1.6,
        points: { show: false },
      })),
    ],
  };
}

/** @param atSeconds since the epoch. */
function clockText(atSeconds: number): string {
  return timeText(atSeconds * 1000).slice(11);
}
