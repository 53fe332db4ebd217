import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import {
  type CheckpointJson,
  type CheckpointsJson,
  type JobJson,
  usePolled,
} from '../../data/index.ts';
import {
  Answer,
  type Column,
  countText,
  DataTable,
  durationText,
  EmptyState,
  StateBadge,
  sizeText,
  TimeChart,
  timeText,
} from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';
import { CheckpointDetails } from './checkpoint-details.tsx';
import { CheckpointSettings } from './checkpoint-settings.tsx';

/** The cluster tells of the newest ten; those that were seen before stay for as long as this. */
const MAX_SEEN = 200;

/** Checkpoints: how many, how long, how large; one of them in detail. */
function CheckpointsTab({ job, rest }: JobTabProps): JSX.Element {
  const path = `/jobs/${job.jid}/checkpoints`;
  const polled = usePolled<CheckpointsJson>(path);
  const [chosen = '', vertexId = ''] = rest.split('/');
  if (/^\d+$/.test(chosen)) {
    return <CheckpointDetails job={job} checkpointId={Number(chosen)} vertexId={vertexId} />;
  }
  return (
    <>
      <Answer polled={polled} what="checkpoints">
        {(checkpoints) => <ShownCheckpoints job={job} checkpoints={checkpoints} />}
      </Answer>
      <CheckpointSettings jobId={job.jid} />
    </>
  );
}

function ShownCheckpoints(props: {
  readonly job: JobJson;
  readonly checkpoints: CheckpointsJson;
}): JSX.Element {
  const { job, checkpoints } = props;
  const { counts, history, latest } = checkpoints;
  const seen = useSeen(history);
  return (
    <>
      <dl class="counts" aria-label="Checkpoints">
        {(
          [
            ['Completed', countText(counts.completed)],
            ['In progress', countText(counts.in_progress)],
            ['Failed', countText(counts.failed)],
            ['Restored', countText(counts.restored)],
            ['Last took', durationText(latest.completed?.end_to_end_duration)],
            ['Last wrote', sizeText(latest.completed?.checkpointed_size)],
            ['Whole state', sizeText(latest.completed?.state_size)],
          ] as const
        ).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {latest.failed !== null && <LastFailure failed={latest.failed} latest={latest.completed} />}
      {seen.length > 1 && <CheckpointCharts seen={seen} />}
      <section class="panel">
        <div class="panel-head">
          <h2>History</h2>
        </div>
        {history.length === 0 ? (
          <EmptyState title="No checkpoint yet">
            <p class="hint">
              The first begins an interval after the job; with checkpointing off there are only
              savepoints.
            </p>
          </EmptyState>
        ) : (
          <DataTable
            caption="History of checkpoints"
            columns={columnsOf(job.jid)}
            rows={history}
            keyOf={({ id }) => id}
            initialSorting={{ columnId: 'id', isDescending: true }}
          />
        )}
      </section>
    </>
  );
}

/** Oldest first. */
function useSeen(history: readonly CheckpointJson[]): readonly CheckpointJson[] {
  const seen = useRef(new Map<number, CheckpointJson>());
  for (const checkpoint of history) seen.current.set(checkpoint.id, checkpoint);
  const all = [...seen.current.values()].toSorted((a, b) => a.id - b.id).slice(-MAX_SEEN);
  return all.filter(({ status }) => status === 'COMPLETED');
}

function LastFailure(props: {
  readonly failed: CheckpointJson;
  readonly latest: CheckpointJson | null;
}): JSX.Element {
  const { failed, latest } = props;
  const isMended = latest !== null && latest.id > failed.id;
  return (
    <div class="notice" data-tone={isMended ? undefined : 'bad'}>
      Checkpoint {failed.id} failed{isMended && ', later ones completed'}:{' '}
      {failed.failure_message ?? 'no reason is known'}
    </div>
  );
}

function CheckpointCharts({ seen }: { readonly seen: readonly CheckpointJson[] }): JSX.Element {
  const timesEpochMs = seen.map((one) => one.trigger_timestamp);
  const of = (read: (one: CheckpointJson) => number): readonly number[] => seen.map(read);
  return (
    <div class="time-charts">
      <TimeChart
        title="Duration, end to end"
        look="points"
        timesEpochMs={timesEpochMs}
        series={[{ label: 'Duration', values: of((one) => one.end_to_end_duration) }]}
        format={durationText}
      />
      <TimeChart
        title="Size"
        look="points"
        timesEpochMs={timesEpochMs}
        series={[
          { label: 'Written', values: of((one) => one.checkpointed_size) },
          { label: 'Whole state', values: of((one) => one.state_size) },
        ]}
        format={sizeText}
      />
      <TimeChart
        title="Data that barriers waited for, or overtook"
        look="points"
        timesEpochMs={timesEpochMs}
        series={[
          { label: 'Processed meanwhile', values: of((one) => one.processed_data) },
          { label: 'Persisted in flight', values: of((one) => one.persisted_data) },
        ]}
        format={sizeText}
      />
    </div>
  );
}

function columnsOf(jobId: string): readonly Column<CheckpointJson>[] {
  return [
    {
      id: 'id',
      label: 'Id',
      sortBy: ({ id }) => id,
      cell: ({ id }) => <a href={`#/jobs/${jobId}/checkpoints/${id}`}>{id}</a>,
    },
    { id: 'status', label: 'Status', cell: ({ status }) => <StateBadge state={status} /> },
    { id: 'type', label: 'Type', cell: (one) => typeText(one.checkpoint_type) },
    {
      id: 'acks',
      label: 'Acknowledged',
      isNumber: true,
      cell: (one) => `${one.num_acknowledged_subtasks}/${one.num_subtasks}`,
    },
    {
      id: 'triggered',
      label: 'Triggered',
      sortBy: (one) => one.trigger_timestamp,
      cell: (one) => timeText(one.trigger_timestamp),
    },
    {
      id: 'duration',
      label: 'Duration',
      isNumber: true,
      sortBy: (one) => one.end_to_end_duration,
      cell: (one) => durationText(one.end_to_end_duration),
    },
    {
      id: 'written',
      label: 'Written',
      isNumber: true,
      sortBy: (one) => one.checkpointed_size,
      cell: (one) => sizeText(one.checkpointed_size),
    },
    {
      id: 'state',
      label: 'Whole state',
      isNumber: true,
      sortBy: (one) => one.state_size,
      cell: (one) => sizeText(one.state_size),
    },
    {
      id: 'in-flight',
      label: 'In flight',
      isNumber: true,
      sortBy: (one) => one.persisted_data,
      cell: (one) => sizeText(one.persisted_data),
    },
  ];
}

/** `SYNC_SAVEPOINT` as `Sync savepoint`. */
export function typeText(type: string): string {
  return type.charAt(0) + type.slice(1).toLowerCase().replaceAll('_', ' ');
}

export const CHECKPOINTS_TAB: JobTab = {
  id: 'checkpoints',
  label: 'Checkpoints',
  Component: CheckpointsTab,
};
