import type { ComponentChildren, JSX } from 'preact';
import {
  type JobConfigJson,
  type OperationRequest,
  useConfig,
  useConsole,
  usePolled,
} from '../../data/index.ts';
import { Modal } from '../../ui/index.ts';

/** A dialog that starts an operation when it is confirmed; the tray tells how it goes. */
export function OperationDialog(props: {
  readonly title: string;
  readonly confirm: string;
  readonly isDanger?: boolean;
  readonly isReady?: boolean;
  readonly request: () => OperationRequest;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { title, confirm, isDanger, isReady = true, request, onClose, children } = props;
  const { operations } = useConsole();
  const start = (event: Event): void => {
    event.preventDefault();
    if (!isReady) return;
    onClose();
    void operations.start(request());
  };
  return (
    <Modal title={title} onClose={onClose}>
      <form class="dialog-form" onSubmit={start}>
        {children}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            Do nothing
          </button>
          <button
            type="submit"
            class="button"
            data-kind={isDanger === true ? 'danger' : 'primary'}
            disabled={!isReady}
          >
            {confirm}
          </button>
        </div>
      </form>
    </Modal>
  );
}

/** Where a savepoint is put; when nothing is said: where the job says, else the cluster. */
export function TargetField(props: {
  readonly jobId: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  const directory = useSavepointDirectory(props.jobId);
  return (
    <div class="field">
      <label for="savepoint-target">Directory</label>
      <input
        id="savepoint-target"
        class="input"
        value={props.value}
        placeholder={directory ?? 'as configured'}
        autocomplete="off"
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
      <span class="hint">
        {directory === undefined ? (
          <>
            Empty: the directory of <code>{SAVEPOINT_DIRECTORY}</code>, else that of the cluster.
          </>
        ) : (
          <>
            Empty: a new directory in <code class="path">{directory}</code>.
          </>
        )}
      </span>
    </div>
  );
}

const SAVEPOINT_DIRECTORY = 'execution.checkpointing.savepoint-dir';

/** Undefined: not known yet. */
function useSavepointDirectory(jobId: string): string | undefined {
  const ofJob = usePolled<JobConfigJson>(`/jobs/${jobId}/config`).value;
  const ofCluster = useConfig()?.['data-directory'];
  if (ofJob === undefined) return undefined;
  const configured = ofJob['execution-config']['user-config'][SAVEPOINT_DIRECTORY];
  if (typeof configured === 'string') return configured;
  return ofCluster === undefined ? undefined : `${ofCluster}/savepoints`;
}
