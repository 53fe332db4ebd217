import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { durationText, StateBadge, timeText, useScrollFocus } from '../../ui/index.ts';
import type { Span } from './state-spans.ts';

export interface TimelineRow {
  readonly id: string;
  readonly label: string;
  readonly href?: string;
  /** In the order of time. */
  readonly spans: readonly Span[];
}

const WIDTH = 1000;
const BAR_HEIGHT = 18;
const TICK_COUNT = 5;

/** Bars over time; each says its state, its beginning and how long it took. */
export function TimelineChart(props: {
  readonly caption: string;
  readonly rows: readonly TimelineRow[];
}): JSX.Element {
  const { caption, rows } = props;
  const all = rows.flatMap(({ spans }) => spans);
  const from = Math.min(...all.map((span) => span.from));
  const to = Math.max(from + 1, ...all.map((span) => span.to));
  const scroller = useRef<HTMLDivElement>(null);
  useScrollFocus(scroller);
  return (
    <div ref={scroller} class="table-scroll">
      <table class="table timeline">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">State</th>
            <th scope="col" class="is-number">
              Duration
            </th>
            <th scope="col" class="timeline-axis">
              {Number.isFinite(from) && <Axis from={from} to={to} />}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <TimelineLine key={row.id} row={row} from={from} to={to} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TimelineLine(props: {
  readonly row: TimelineRow;
  readonly from: number;
  readonly to: number;
}): JSX.Element {
  const { row, from, to } = props;
  const last = row.spans.at(-1);
  const at = (epochMs: number): number => ((epochMs - from) / (to - from)) * WIDTH;
  const [first] = row.spans;
  const tookMs = first === undefined || last === undefined ? undefined : last.to - first.from;
  const text = row.spans
    .map(({ state, ...span }) => {
      return `${state.toLowerCase()} for ${durationText(span.to - span.from)}`;
    })
    .join(', ');
  return (
    <tr>
      <th scope="row" class="is-wide">
        {row.href === undefined ? row.label : <a href={row.href}>{row.label}</a>}
      </th>
      <td>{last === undefined ? 'not begun' : <StateBadge state={last.state} />}</td>
      <td class="is-number">{durationText(tookMs)}</td>
      <td class="timeline-cell">
        <svg
          class="timeline-bars"
          viewBox={`0 0 ${WIDTH} ${BAR_HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={text === '' ? 'not begun' : text}
        >
          {row.spans.map(({ state, ...span }) => (
            <rect
              key={`${state} ${span.from}`}
              class="span"
              data-state={state}
              x={at(span.from)}
              width={Math.max(2, at(span.to) - at(span.from))}
              height={BAR_HEIGHT}
            >
              <title>
                {state.toLowerCase()} since {timeText(span.from)} for{' '}
                {durationText(span.to - span.from)}
              </title>
            </rect>
          ))}
        </svg>
      </td>
    </tr>
  );
}

function Axis({ from, to }: { readonly from: number; readonly to: number }): JSX.Element {
  const ticks = Array.from({ length: TICK_COUNT }, (_, index) => {
    return from + ((to - from) * index) / (TICK_COUNT - 1);
  });
  const isLong = to - from > 86_400_000;
  return (
    <span class="axis">
      {ticks.map((tick) => (
        <span key={tick}>{timeText(tick).slice(isLong ? 5 : 11, isLong ? 16 : 19)}</span>
      ))}
    </span>
  );
}
