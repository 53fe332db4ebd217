import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type OperationJson, useConsole } from '../../data/index.ts';
import { Modal, Notice } from '../../ui/index.ts';

const POLL_MS = 500;
const MAX_POLLS = 240;

type State = 'asking' | 'deleting' | 'deleted';

/** Asks, says what is lost, deletes. */
export function DisposeDialog(props: {
  readonly path: string;
  readonly onClose: () => void;
}): JSX.Element {
  const { path, onClose } = props;
  const { client, world } = useConsole();
  const [state, setState] = useState<State>('asking');
  const [failure, setFailure] = useState<string>();
  const dispose = async (): Promise<void> => {
    setState('deleting');
    setFailure(undefined);
    try {
      const body = { 'savepoint-path': path };
      const route = '/savepoint-disposal';
      const trigger = await client.send<{ readonly 'request-id': string }>('POST', route, body);
      for (let polls = 0; polls < MAX_POLLS; polls += 1) {
        const { status, operation } = await client.get<OperationJson>(
          `${route}/${trigger['request-id']}`,
        );
        const cause = operation?.['failure-cause'] ?? operation?.failureCause;
        if (cause !== undefined) throw new Error(firstLine(cause['stack-trace']));
        if (status.id === 'COMPLETED') {
          setState('deleted');
          return;
        }
        await new Promise<void>((resolve) => world.after(POLL_MS, resolve));
      }
      throw new Error('It takes very long; it may go on behind this.');
    } catch (thrown) {
      setFailure(thrown instanceof Error ? thrown.message : String(thrown));
      setState('asking');
    }
  };
  return (
    <Modal title="Delete this savepoint?" onClose={onClose}>
      <p>
        <code class="path">{path}</code>
      </p>
      {state === 'deleted' ? (
        <p role="status">It is deleted.</p>
      ) : (
        <p>
          <strong>It cannot be brought back.</strong> No job can start from it any more, and jobs of
          other clusters that were started from it may still need its files.
        </p>
      )}
      {failure !== undefined && <Notice tone="bad">{failure}</Notice>}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {state === 'deleted' ? 'Close' : 'Keep it'}
        </button>
        {state !== 'deleted' && (
          <button
            type="button"
            class="button"
            data-kind="danger"
            disabled={state === 'deleting'}
            onClick={() => void dispose()}
          >
            {state === 'deleting' ? 'Deleting…' : 'Delete for good'}
          </button>
        )}
      </div>
    </Modal>
  );
}

function firstLine(text = 'It could not be deleted.'): string {
  return text.split('\n')[0] ?? text;
}
