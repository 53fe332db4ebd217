import type { JSX } from 'preact';
import { type MetricJson, useNow, usePolled } from '../../data/index.ts';
import { Answer, type Column, DataTable, EmptyState, watermarkText } from '../../ui/index.ts';
import type { VertexViewProps } from './vertex-drawer.tsx';

interface Row {
  readonly subtask: number;
  readonly watermarkMs: number;
  /** How far it is behind the subtask that is furthest on. */
  readonly behindMs: number;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'subtask',
    label: 'Subtask',
    sortBy: ({ subtask }) => subtask,
    cell: ({ subtask }) => subtask,
  },
  {
    id: 'watermark',
    label: 'Watermark (event time, UTC)',
    sortBy: ({ watermarkMs }) => watermarkMs,
    cell: ({ watermarkMs }) => watermarkText(watermarkMs),
  },
  {
    id: 'behind',
    label: 'Behind the furthest',
    isNumber: true,
    sortBy: ({ behindMs }) => behindMs,
    cell: ({ behindMs }) => behindText(behindMs),
  },
];

/** How far each subtask is in event time; the lowest holds back what reads it. */
export function WatermarkView({ job, vertex, live }: VertexViewProps): JSX.Element {
  const path = `/jobs/${job.jid}/vertices/${vertex.id}/watermarks`;
  const watermarks = usePolled<readonly MetricJson[]>(path);
  const nowEpochMs = useNow();
  const inputs = (live?.inputWatermarksMs ?? []).map((watermarkMs, index) => {
    return { label: `Input ${index + 1}`, watermarkMs };
  });
  const lowest = live?.watermarkMs;
  const isTime = lowest !== undefined && Math.abs(lowest) < Number.MAX_SAFE_INTEGER;
  return (
    <Answer polled={watermarks} what="watermarks">
      {(values) => (
        <>
          <dl class="facts panel-body">
            <div>
              <dt>Lowest</dt>
              <dd>{watermarkText(lowest)}</dd>
            </div>
            {isTime && (
              <div>
                <dt>Behind this clock</dt>
                <dd>{behindText(nowEpochMs - lowest)}</dd>
              </div>
            )}
            {inputs.map((input) => (
              <div key={input.label}>
                <dt>{input.label}</dt>
                <dd>
                  {input.watermarkMs === undefined ? 'idle' : watermarkText(input.watermarkMs)}
                </dd>
              </div>
            ))}
          </dl>
          {values.length === 0 ? (
            <EmptyState title="No subtask has told its watermark yet" />
          ) : (
            <DataTable
              caption={`Watermarks of ${vertex.name}`}
              columns={COLUMNS}
              rows={rowsOf(values)}
              keyOf={({ subtask }) => subtask}
            />
          )}
        </>
      )}
    </Answer>
  );
}

function rowsOf(values: readonly MetricJson[]): readonly Row[] {
  const known = values.map(({ id, value }) => {
    return { subtask: Number.parseInt(id, 10), watermarkMs: Number(value) };
  });
  const furthest = Math.max(...known.map(({ watermarkMs }) => watermarkMs));
  return known.map((one) => ({ ...one, behindMs: furthest - one.watermarkMs }));
}

/** Event time may be years behind: a replay of old data is not late. */
function behindText(durationMs: number): string {
  if (durationMs <= 0) return 'not behind';
  if (durationMs > 100 * 365 * 86_400_000) return '–';
  const seconds = durationMs / 1000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  const days = Math.floor(seconds / 86_400);
  if (days >= 2) return `${days.toLocaleString('en-US')} days`;
  return `${Math.round(seconds / 60).toLocaleString('en-US')} min`;
}
