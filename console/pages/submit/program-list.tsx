import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ProgramJson, useConsole } from '../../data/index.ts';
import { type Column, DataTable, goTo, Modal, Notice, timeText } from '../../ui/index.ts';

/** Bundles that were uploaded: choose one, or delete it. */
export function ProgramList(props: {
  readonly programs: readonly ProgramJson[];
  readonly chosenId: string | undefined;
}): JSX.Element {
  const { programs, chosenId } = props;
  const [doomed, setDoomed] = useState<ProgramJson>();
  const columns: readonly Column<ProgramJson>[] = [
    {
      id: 'name',
      label: 'Bundle',
      isWide: true,
      sortBy: ({ name }) => name,
      cell: ({ id, name }) => (
        <a
          href={`#/submit/${encodeURIComponent(id)}`}
          aria-current={id === chosenId ? 'true' : undefined}
        >
          {name}
        </a>
      ),
    },
    {
      id: 'uploaded',
      label: 'Uploaded',
      sortBy: ({ uploaded }) => uploaded,
      cell: ({ uploaded }) => timeText(uploaded),
    },
    {
      id: 'delete',
      label: 'Actions',
      cell: (program) => (
        <button
          type="button"
          class="button"
          data-kind="danger"
          aria-label={`Delete ${program.name}`}
          onClick={() => setDoomed(program)}
        >
          Delete
        </button>
      ),
    },
  ];
  return (
    <>
      <DataTable
        caption="Uploaded bundles"
        columns={columns}
        rows={programs}
        keyOf={({ id }) => id}
      />
      {doomed !== undefined && (
        <DeleteDialog program={doomed} onClose={() => setDoomed(undefined)} />
      )}
    </>
  );
}

function DeleteDialog(props: {
  readonly program: ProgramJson;
  readonly onClose: () => void;
}): JSX.Element {
  const { program, onClose } = props;
  const { client, store } = useConsole();
  const [fault, setFault] = useState<string>();
  const remove = async (): Promise<void> => {
    try {
      await client.send('DELETE', `/jars/${encodeURIComponent(program.id)}`);
      store.refresh('/jars');
      goTo('/submit');
      onClose();
    } catch (thrown) {
      setFault(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  return (
    <Modal title={`Delete ${program.name}`} onClose={onClose}>
      <p>
        The uploaded file is deleted from the cluster. Jobs that run from it go on; to run it again,
        it must be uploaded again.
      </p>
      {fault !== undefined && <Notice tone="bad">It could not be deleted: {fault}</Notice>}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          Do nothing
        </button>
        <button type="button" class="button" data-kind="danger" onClick={() => void remove()}>
          Delete the bundle
        </button>
      </div>
    </Modal>
  );
}
