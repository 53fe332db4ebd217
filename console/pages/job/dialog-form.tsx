import type { ComponentChildren, JSX } from 'preact';
import { type OperationRequest, useConsole } from '../../data/index.ts';
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

/** Where a savepoint is put. */
export function TargetField(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}): JSX.Element {
  return (
    <div class="field">
      <label for="savepoint-target">Directory</label>
      <input
        id="savepoint-target"
        class="input"
        value={props.value}
        placeholder="as configured"
        autocomplete="off"
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
      <span class="hint">
        Empty: the directory of <code>execution.checkpointing.savepoint-dir</code>.
      </span>
    </div>
  );
}
