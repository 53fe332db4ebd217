import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ConnectionError, type ProgramJson, useConsole, usePolled } from '../../data/index.ts';
import { CodeLine, goTo, Notice } from '../../ui/index.ts';
import {
  faultOf,
  NO_OPTIONS,
  newJobId,
  OptionFields,
  type RunOptions,
  runBody,
} from '../submit/index.ts';
import { DisposeDialog } from './dispose-dialog.tsx';
import { type SavepointCheckJson, SavepointReport } from './savepoint-report.tsx';

/** `GET /jars`. */
interface ProgramsJson {
  readonly files: readonly ProgramJson[];
}

type Progress =
  | { readonly type: 'ready' }
  | { readonly type: 'busy'; readonly what: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'checked'; readonly check: SavepointCheckJson };

/** One savepoint: checks it against a program, starts a job from it, deletes it. */
export function SavepointPanel({ path }: { readonly path: string }): JSX.Element {
  const programs = usePolled<ProgramsJson>('/jars').value?.files ?? [];
  const [chosenId, setChosenId] = useState('');
  const [isDisposing, setDisposing] = useState(false);
  const program = programs.find(({ id }) => id === chosenId) ?? programs[0];
  return (
    <section class="panel" aria-label="The savepoint">
      <div class="panel-head">
        <h2>The savepoint</h2>
        <button type="button" class="button" data-kind="danger" onClick={() => setDisposing(true)}>
          Delete…
        </button>
      </div>
      <div class="panel-body savepoint">
        <CodeLine text={path} what="the path" />
        {program === undefined ? (
          <p class="hint">
            <a href="#/submit">Upload a program</a> to check the savepoint against it, or to start a
            job from it.
          </p>
        ) : (
          <>
            <ProgramChoice programs={programs} chosenId={program.id} onChoose={setChosenId} />
            <RestoreForm key={program.id} path={path} program={program} />
          </>
        )}
      </div>
      {isDisposing && <DisposeDialog path={path} onClose={() => setDisposing(false)} />}
    </section>
  );
}

function ProgramChoice(props: {
  readonly programs: ProgramsJson['files'];
  readonly chosenId: string;
  readonly onChoose: (id: string) => void;
}): JSX.Element {
  const { programs, chosenId, onChoose } = props;
  return (
    <label class="path-field">
      <span class="label">Program</span>
      <select
        class="select"
        value={chosenId}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {programs.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A run of the program from the savepoint, with all that a run can be told; a check goes before. */
function RestoreForm(props: { readonly path: string; readonly program: ProgramJson }): JSX.Element {
  const { path, program } = props;
  const { client, store } = useConsole();
  const [options, setOptions] = useState<RunOptions>({ ...NO_OPTIONS, savepointPath: path });
  const [progress, setProgress] = useState<Progress>({ type: 'ready' });
  const jobId = useRef<string | undefined>(undefined);
  const fault = faultOf(options);
  const isReady = progress.type !== 'busy' && fault === undefined;
  const route = `/jars/${encodeURIComponent(program.id)}`;
  const perform = async (what: string, work: () => Promise<Progress>): Promise<void> => {
    setProgress({ type: 'busy', what });
    try {
      setProgress(await work());
    } catch (thrown) {
      const text = thrown instanceof Error ? thrown.message : String(thrown);
      const message = thrown instanceof ConnectionError ? `${text} Trying again is safe.` : text;
      setProgress({ type: 'failed', message });
    }
  };
  const check = async (): Promise<Progress> => {
    const body = runBody(options);
    const answer = await client.send<SavepointCheckJson>('POST', `${route}/savepoint-check`, body);
    return { type: 'checked', check: answer };
  };
  const restore = async (): Promise<Progress> => {
    // Sent again after a lost answer, it is the same job.
    jobId.current ??= newJobId();
    const body = runBody(options, jobId.current);
    const { jobid } = await client.send<{ readonly jobid: string }>('POST', `${route}/run`, body);
    jobId.current = undefined;
    store.refresh('/jobs');
    goTo(`/jobs/${jobid}`);
    return { type: 'ready' };
  };
  return (
    <form
      class="run-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void perform('Starting the job', restore);
      }}
    >
      <OptionFields program={program} options={options} onChange={setOptions} isSavepointFixed />
      {fault !== undefined && <Notice tone="bad">{fault}</Notice>}
      <div class="run-buttons">
        <button
          type="button"
          class="button"
          disabled={!isReady}
          onClick={() => void perform('Comparing', check)}
        >
          Check
        </button>
        <button type="submit" class="button" data-kind="primary" disabled={!isReady}>
          Start a job from it
        </button>
      </div>
      <ProgressLine progress={progress} />
    </form>
  );
}

function ProgressLine({ progress }: { readonly progress: Progress }): JSX.Element | null {
  switch (progress.type) {
    case 'ready':
      return null;
    case 'busy':
      return (
        <p role="status">
          <span class="spinner" aria-hidden="true" /> {progress.what}…
        </p>
      );
    case 'failed':
      return <Notice tone="bad">{progress.message}</Notice>;
    case 'checked':
      return <SavepointReport check={progress.check} />;
  }
}
