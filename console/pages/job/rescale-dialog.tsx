import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  type JobVertexJson,
  type OverviewJson,
  rescaleRequest,
  usePolled,
} from '../../data/index.ts';
import { Notice, plural } from '../../ui/index.ts';
import { OperationDialog } from './dialog-form.tsx';
import type { JobDialogProps } from './job-actions.tsx';

type Wanted = Readonly<Record<string, string>>;

export function RescaleDialog({ job, onClose }: JobDialogProps): JSX.Element {
  const [wanted, setWanted] = useState<Wanted>({});
  const overview = usePolled<OverviewJson>('/overview').value;
  const changes = changesOf(job.vertices, wanted);
  const faults = job.vertices.filter((vertex) => !isValid(vertex, wanted[vertex.id]));
  const neededSlots = Math.max(
    ...job.vertices.map(({ id, parallelism }) => changes[id] ?? parallelism),
  );
  const usedSlots = Math.max(...job.vertices.map(({ parallelism }) => parallelism));
  const free = (overview?.['slots-available'] ?? 0) + usedSlots;
  const all = (text: string): void =>
    setWanted(Object.fromEntries(job.vertices.map(({ id }) => [id, text])));
  return (
    <OperationDialog
      title={`Rescale ${job.name}`}
      confirm="Rescale"
      isReady={faults.length === 0 && Object.keys(changes).length > 0}
      request={() => rescaleRequest(job, changes)}
      onClose={onClose}
    >
      <p>
        The job takes a checkpoint, ends its tasks, and goes on from it with the new number of
        subtasks. Nothing is lost; there is no output until all subtasks run again.
      </p>
      <div class="field">
        <label for="rescale-all">All vertices</label>
        <input
          id="rescale-all"
          class="input"
          type="number"
          min="1"
          placeholder="unchanged"
          onInput={(event) => all(event.currentTarget.value)}
        />
      </div>
      <details class="vertex-parallelism" open={job.vertices.length <= 4}>
        <summary>Each vertex</summary>
        {job.vertices.map((vertex) => (
          <VertexField
            key={vertex.id}
            vertex={vertex}
            value={wanted[vertex.id] ?? ''}
            onChange={(text) => setWanted({ ...wanted, [vertex.id]: text })}
          />
        ))}
      </details>
      {faults.length > 0 && (
        <Notice tone="bad">A parallelism is a whole number from 1 to the vertex’s maximum.</Notice>
      )}
      {overview !== undefined && neededSlots > free && (
        <Notice tone="warn">
          {plural(neededSlots, 'slot')} would be needed, and {free} would be free for this job.
        </Notice>
      )}
    </OperationDialog>
  );
}

function VertexField(props: {
  readonly vertex: JobVertexJson;
  readonly value: string;
  readonly onChange: (text: string) => void;
}): JSX.Element {
  const { vertex, value, onChange } = props;
  return (
    <div class="field">
      <label for={`parallelism-${vertex.id}`}>{vertex.name}</label>
      <input
        id={`parallelism-${vertex.id}`}
        class="input"
        type="number"
        min="1"
        max={maxOf(vertex)}
        value={value}
        placeholder={`${vertex.parallelism} now, at most ${maxOf(vertex)}`}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}

function maxOf({ maxParallelism }: JobVertexJson): number {
  return maxParallelism > 0 ? maxParallelism : 32_768;
}

/** Empty: unchanged. */
function isValid(vertex: JobVertexJson, text = ''): boolean {
  if (text === '') return true;
  return /^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= maxOf(vertex);
}

function changesOf(vertices: readonly JobVertexJson[], wanted: Wanted): Record<string, number> {
  const changed = vertices.flatMap(({ id, parallelism }) => {
    const text = wanted[id] ?? '';
    return text === '' || Number(text) === parallelism ? [] : [[id, Number(text)] as const];
  });
  return Object.fromEntries(changed);
}
