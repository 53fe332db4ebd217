import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useConsole, usePolled } from '../../data/index.ts';
import { CodeLine, goTo, Notice } from '../../ui/index.ts';
import { DisposeDialog } from './dispose-dialog.tsx';
import { type SavepointCheckJson, SavepointReport } from './savepoint-report.tsx';

/** `GET /jars`. */
interface ProgramsJson {
  readonly files: readonly { readonly id: string; readonly name: string }[];
}

type Progress =
  | { readonly type: 'ready' }
  | { readonly type: 'busy'; readonly what: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'checked'; readonly check: SavepointCheckJson };

/** One savepoint: checks it against a program, starts a job from it, deletes it. */
export function SavepointPanel({ path }: { readonly path: string }): JSX.Element {
  const { client } = useConsole();
  const programs = usePolled<ProgramsJson>('/jars').value?.files ?? [];
  const [chosen, setChosen] = useState('');
  const [allowsLoss, setAllowsLoss] = useState(false);
  const [progress, setProgress] = useState<Progress>({ type: 'ready' });
  const [isDisposing, setDisposing] = useState(false);
  const program = programs.find(({ id }) => id === chosen)?.id ?? programs[0]?.id ?? '';
  const body = { savepointPath: path, allowNonRestoredState: allowsLoss };
  const perform = async (what: string, work: () => Promise<Progress>): Promise<void> => {
    setProgress({ type: 'busy', what });
    try {
      setProgress(await work());
    } catch (thrown) {
      setProgress({ type: 'failed', message: thrown instanceof Error ? thrown.message : '' });
    }
  };
  const check = async (): Promise<Progress> => {
    const route = `/jars/${encodeURIComponent(program)}/savepoint-check`;
    return { type: 'checked', check: await client.send<SavepointCheckJson>('POST', route, body) };
  };
  const restore = async (): Promise<Progress> => {
    const route = `/jars/${encodeURIComponent(program)}/run`;
    const { jobid } = await client.send<{ readonly jobid: string }>('POST', route, body);
    goTo(`/jobs/${jobid}`);
    return { type: 'ready' };
  };
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
        <ProgramChoice
          {...{ programs, program, allowsLoss, setAllowsLoss }}
          isBusy={progress.type === 'busy'}
          onProgram={setChosen}
          onCheck={() => void perform('Comparing', check)}
          onRestore={() => void perform('Starting the job', restore)}
        />
        <ProgressLine progress={progress} />
      </div>
      {isDisposing && <DisposeDialog path={path} onClose={() => setDisposing(false)} />}
    </section>
  );
}

function ProgramChoice(props: {
  readonly programs: ProgramsJson['files'];
  /** Its id. */
  readonly program: string;
  readonly allowsLoss: boolean;
  readonly isBusy: boolean;
  readonly onProgram: (id: string) => void;
  readonly setAllowsLoss: (allows: boolean) => void;
  readonly onCheck: () => void;
  readonly onRestore: () => void;
}): JSX.Element {
  const { programs, program, allowsLoss, isBusy, onProgram } = props;
  if (programs.length === 0) {
    return (
      <p class="hint">
        Upload a program to check the savepoint against it, or to start a job from it.
      </p>
    );
  }
  return (
    <>
      <div class="path-form">
        <label class="path-field">
          <span class="label">Program</span>
          <select
            class="select"
            value={program}
            onChange={(event) => onProgram(event.currentTarget.value)}
          >
            {programs.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="button" class="button" disabled={isBusy} onClick={props.onCheck}>
          Check
        </button>
        <button
          type="button"
          class="button"
          data-kind="primary"
          disabled={isBusy}
          onClick={props.onRestore}
        >
          Start a job from it
        </button>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={allowsLoss}
          onChange={(event) => props.setAllowsLoss(event.currentTarget.checked)}
        />
        <span>State that the program does not have may be left behind</span>
      </label>
    </>
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
