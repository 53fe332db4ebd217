import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type JobJson, type SubtaskTimesJson, usePolled } from '../../data/index.ts';
import { Answer, durationText, EmptyState } from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';
import { type Span, spansOf } from './state-spans.ts';
import { TimelineChart, type TimelineRow } from './timeline-chart.tsx';

/** When each vertex, and each of its subtasks, was in which state. */
function TimelineTab({ job, rest }: JobTabProps): JSX.Element {
  const selected = job.vertices.find(({ id }) => id === rest);
  const rows = job.vertices.map((vertex) => ({
    id: vertex.id,
    label: vertex.name,
    href: `#/jobs/${job.jid}/timeline${vertex.id === rest ? '' : `/${vertex.id}`}`,
    spans: vertexSpans(vertex, job.now),
  }));
  return (
    <>
      <section class="panel">
        <div class="panel-head">
          <h2>Vertices</h2>
          <span class="hint">Choose one to see its subtasks.</span>
        </div>
        <TimelineChart caption="When vertices ran" rows={rows} />
      </section>
      {selected !== undefined && <Subtasks key={selected.id} job={job} vertexId={selected.id} />}
    </>
  );
}

function vertexSpans(vertex: JobJson['vertices'][number], nowEpochMs: number): readonly Span[] {
  const from = vertex['start-time'];
  if (from < 0) return [];
  const to = vertex['end-time'] < 0 ? nowEpochMs : vertex['end-time'];
  return [{ state: vertex.status, from, to }];
}

const SHOWN_AT_FIRST = 32;

function Subtasks(props: { readonly job: JobJson; readonly vertexId: string }): JSX.Element {
  const { job, vertexId } = props;
  const [isAll, setAll] = useState(false);
  const path = `/jobs/${job.jid}/vertices/${vertexId}/subtasktimes`;
  const times = usePolled<SubtaskTimesJson>(path);
  const name = job.vertices.find(({ id }) => id === vertexId)?.name ?? '';
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Subtasks of {name}</h2>
      </div>
      <Answer polled={times} what="subtasks’ times">
        {({ subtasks, now }) => {
          if (subtasks.length === 0) return <EmptyState title="No subtask has run yet" />;
          const shown = isAll ? subtasks : subtasks.slice(0, SHOWN_AT_FIRST);
          const rows: TimelineRow[] = shown.map(({ subtask, timestamps }) => {
            const spans = spansOf(timestamps, now);
            return { id: String(subtask), label: `Subtask ${subtask}`, spans };
          });
          return (
            <>
              <TimelineChart caption={`When the subtasks of ${name} ran`} rows={rows} />
              {shown.length < subtasks.length && (
                <button type="button" class="button" onClick={() => setAll(true)}>
                  Show all {subtasks.length}
                </button>
              )}
              <p class="hint panel-body">
                Longest way to running: {durationText(longestStartMs(subtasks))}
              </p>
            </>
          );
        }}
      </Answer>
    </section>
  );
}

function longestStartMs(subtasks: SubtaskTimesJson['subtasks']): number {
  const durations = subtasks.map(({ timestamps }) => {
    const [created = 0, running = 0] = [timestamps.CREATED, timestamps.RUNNING];
    return created > 0 && running > 0 ? running - created : -1;
  });
  return Math.max(...durations);
}

export const TIMELINE_TAB: JobTab = {
  id: 'timeline',
  label: 'Timeline',
  Component: TimelineTab,
};
