import type { JSX } from 'preact';
import { usePolled } from '../../data/index.ts';
import { percentText } from '../../ui/index.ts';

/** `GET /jobs/:jobid/metrics/top-n`, as far as it is shown here. */
interface TopJson {
  readonly topBusyOperators: readonly (RankedJson & { readonly busyRatio: number })[];
  readonly topBackpressureOperators: readonly (RankedJson & {
    readonly backpressureRatio: number;
  })[];
}

interface RankedJson {
  readonly operatorId: string;
  readonly operatorName: string;
  readonly subtaskId: number;
}

interface Ranked extends RankedJson {
  readonly ratio: number;
}

/** The subtasks of the job that are busiest, and those that wait most. */
export function HottestSubtasks({ jobId }: { readonly jobId: string }): JSX.Element | null {
  const { value } = usePolled<TopJson>(`/jobs/${jobId}/metrics/top-n`);
  if (value === undefined) return null;
  const busy = value.topBusyOperators.map((one) => ({ ...one, ratio: one.busyRatio }));
  const waiting = value.topBackpressureOperators.map((one) => {
    return { ...one, ratio: one.backpressureRatio };
  });
  return (
    <div class="time-charts">
      <Ranking jobId={jobId} title="Busiest" ranked={busy} none="No subtask is busy." />
      <Ranking
        jobId={jobId}
        title="Back-pressured most"
        ranked={waiting}
        none="No subtask waits for others."
      />
    </div>
  );
}

function Ranking(props: {
  readonly jobId: string;
  readonly title: string;
  readonly ranked: readonly Ranked[];
  readonly none: string;
}): JSX.Element {
  const { jobId, title, none } = props;
  const ranked = props.ranked.filter(({ ratio }) => ratio >= 0.005).slice(0, 5);
  return (
    <section class="panel panel-body" aria-label={title}>
      <h2 class="small-title">{title}</h2>
      {ranked.length === 0 ? (
        <p class="hint">{none}</p>
      ) : (
        <ol class="top">
          {ranked.map(({ operatorId, operatorName, subtaskId, ratio }) => (
            <li key={`${operatorId} ${subtaskId}`}>
              <a href={`#/jobs/${jobId}/overview/${operatorId}`}>
                {operatorName} · {subtaskId + 1}
              </a>
              <meter min={0} max={1} value={ratio} />
              <span>{percentText(ratio)}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
