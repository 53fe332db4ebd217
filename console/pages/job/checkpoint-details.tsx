import type { JSX } from 'preact';
import {
  type CheckpointJson,
  type CheckpointSubtaskJson,
  type CheckpointSubtasksJson,
  type CheckpointTaskJson,
  type JobJson,
  usePolled,
} from '../../data/index.ts';
import {
  Answer,
  CodeLine,
  type Column,
  DataTable,
  durationText,
  StateBadge,
  sizeText,
  timeText,
} from '../../ui/index.ts';

interface TaskRow extends CheckpointTaskJson {
  readonly vertexId: string;
  readonly name: string;
}

/** One checkpoint: by vertex, and of the chosen vertex by subtask. */
export function CheckpointDetails(props: {
  readonly job: JobJson;
  readonly checkpointId: number;
  /** Empty: none is chosen. */
  readonly vertexId: string;
}): JSX.Element {
  const { job, checkpointId, vertexId } = props;
  const path = `/jobs/${job.jid}/checkpoints/details/${checkpointId}`;
  const polled = usePolled<CheckpointJson>(path);
  const name = nameOf(job, vertexId);
  return (
    <>
      <p>
        <a href={`#/jobs/${job.jid}/checkpoints`}>← All checkpoints</a>
      </p>
      <Answer polled={polled} what="checkpoint">
        {(checkpoint) => <ShownCheckpoint job={job} checkpoint={checkpoint} />}
      </Answer>
      {vertexId !== '' && <SubtaskPanel path={`${path}/subtasks/${vertexId}`} name={name} />}
    </>
  );
}

function nameOf({ vertices }: JobJson, vertexId: string): string {
  return vertices.find(({ id }) => id === vertexId)?.name ?? vertexId.slice(0, 8);
}

function ShownCheckpoint(props: {
  readonly job: JobJson;
  readonly checkpoint: CheckpointJson;
}): JSX.Element {
  const { job, checkpoint } = props;
  const { id, status, tasks = {}, external_path: path = '' } = checkpoint;
  const rows = Object.entries(tasks).map(([vertexId, task]) => {
    return { ...task, vertexId, name: nameOf(job, vertexId) };
  });
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Checkpoint {id}</h2>
        <StateBadge state={status} />
      </div>
      <div class="panel-body">
        <p>
          Triggered {timeText(checkpoint.trigger_timestamp)}, took{' '}
          {durationText(checkpoint.end_to_end_duration)}, wrote{' '}
          {sizeText(checkpoint.checkpointed_size)} of {sizeText(checkpoint.state_size)}
          {checkpoint.discarded === true && '; deleted since'}.
        </p>
        {checkpoint.failure_message !== undefined && (
          <div class="notice" data-tone="bad">
            {checkpoint.failure_message}
          </div>
        )}
        {path !== '' && <CodeLine text={path} what="the path" />}
      </div>
      <DataTable
        caption={`Checkpoint ${id} by vertex`}
        columns={taskColumns(job.jid, id)}
        rows={rows}
        keyOf={({ vertexId }) => vertexId}
      />
    </section>
  );
}

function taskColumns(jobId: string, checkpointId: number): readonly Column<TaskRow>[] {
  return [
    {
      id: 'vertex',
      label: 'Vertex',
      isWide: true,
      cell: ({ vertexId, name }) => (
        <a href={`#/jobs/${jobId}/checkpoints/${checkpointId}/${vertexId}`}>{name}</a>
      ),
    },
    {
      id: 'acks',
      label: 'Acknowledged',
      isNumber: true,
      cell: (task) => `${task.num_acknowledged_subtasks}/${task.num_subtasks}`,
    },
    {
      id: 'latest',
      label: 'Last of them',
      cell: (task) => timeText(task.latest_ack_timestamp),
    },
    {
      id: 'duration',
      label: 'Duration',
      isNumber: true,
      sortBy: (task) => task.end_to_end_duration,
      cell: (task) => durationText(task.end_to_end_duration),
    },
    {
      id: 'written',
      label: 'Written',
      isNumber: true,
      sortBy: (task) => task.checkpointed_size,
      cell: (task) => sizeText(task.checkpointed_size),
    },
    {
      id: 'state',
      label: 'Whole state',
      isNumber: true,
      sortBy: (task) => task.state_size,
      cell: (task) => sizeText(task.state_size),
    },
  ];
}

function SubtaskPanel(props: { readonly path: string; readonly name: string }): JSX.Element {
  const polled = usePolled<CheckpointSubtasksJson>(props.path);
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{props.name}, subtask by subtask</h2>
      </div>
      <Answer polled={polled} what="subtasks">
        {({ subtasks }) => (
          <DataTable
            caption={`Subtasks of ${props.name}`}
            columns={SUBTASK_COLUMNS}
            rows={subtasks}
            keyOf={({ index }) => index}
          />
        )}
      </Answer>
    </section>
  );
}

type Millis = number | undefined;

function durationColumn(
  id: string,
  label: string,
  read: (subtask: CheckpointSubtaskJson) => Millis,
): Column<CheckpointSubtaskJson> {
  return {
    ...{ id, label, isNumber: true },
    sortBy: (subtask) => read(subtask) ?? -1,
    cell: (subtask) => durationText(read(subtask)),
  };
}

const SUBTASK_COLUMNS: readonly Column<CheckpointSubtaskJson>[] = [
  { id: 'index', label: 'Subtask', sortBy: ({ index }) => index, cell: ({ index }) => index + 1 },
  {
    id: 'acknowledged',
    label: 'Acknowledged',
    cell: (one) => (one.ack_timestamp === undefined ? 'not yet' : timeText(one.ack_timestamp)),
  },
  durationColumn('duration', 'Duration', (one) => one.end_to_end_duration),
  durationColumn('delay', 'Start delay', (one) => one.start_delay),
  durationColumn('alignment', 'Alignment', (one) => one.alignment?.duration),
  durationColumn('sync', 'Sync', (one) => one.checkpoint?.sync),
  durationColumn('async', 'Async', (one) => one.checkpoint?.async),
  {
    id: 'written',
    label: 'Written',
    isNumber: true,
    sortBy: (one) => one.checkpointed_size ?? -1,
    cell: (one) => sizeText(one.checkpointed_size),
  },
  {
    id: 'persisted',
    label: 'In flight',
    isNumber: true,
    sortBy: (one) => one.alignment?.persisted ?? -1,
    cell: (one) => sizeText(one.alignment?.persisted),
  },
  {
    id: 'unaligned',
    label: 'Barrier',
    cell: (one) => {
      if (one.unaligned_checkpoint === undefined) return '–';
      return one.unaligned_checkpoint ? 'overtook records' : 'aligned';
    },
  },
];
