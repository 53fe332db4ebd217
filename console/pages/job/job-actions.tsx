import type { ComponentType, JSX } from 'preact';
import { useState } from 'preact/hooks';
import {
  type JobJson,
  useConfig,
  useConsole,
  useOperations,
  wakeRequest,
} from '../../data/index.ts';
import { CancelDialog } from './cancel-dialog.tsx';
import { RescaleDialog } from './rescale-dialog.tsx';
import { SavepointDialog } from './savepoint-dialog.tsx';
import { StopDialog } from './stop-dialog.tsx';

export interface JobDialogProps {
  readonly job: JobJson;
  readonly onClose: () => void;
}

interface Action {
  readonly id: string;
  readonly label: string;
  readonly isDanger?: boolean;
  readonly Dialog: ComponentType<JobDialogProps>;
  readonly isOffered: (job: JobJson) => boolean;
  /** Of `GET /config`. */
  readonly feature?: 'web-cancel' | 'web-rescale';
}

const isRunning = ({ state }: JobJson): boolean => state === 'RUNNING';
const isAlive = ({ state }: JobJson): boolean =>
  !['FINISHED', 'FAILED', 'CANCELED', 'CANCELLING', 'FAILING'].includes(state);

const ACTIONS: readonly Action[] = [
  { id: 'savepoint', label: 'Savepoint', Dialog: SavepointDialog, isOffered: isRunning },
  {
    id: 'rescale',
    label: 'Rescale',
    Dialog: RescaleDialog,
    isOffered: isRunning,
    feature: 'web-rescale',
  },
  {
    id: 'stop',
    label: 'Stop with savepoint',
    Dialog: StopDialog,
    isOffered: isRunning,
    feature: 'web-cancel',
  },
  {
    id: 'cancel',
    label: 'Cancel',
    isDanger: true,
    Dialog: CancelDialog,
    isOffered: isAlive,
    feature: 'web-cancel',
  },
];

/** What can be done to a job in its state. Each asks before it does anything. */
export function JobActions({ job }: { readonly job: JobJson }): JSX.Element {
  const [open, setOpen] = useState<string>();
  const features = useConfig()?.features ?? {};
  const isBusy = useOperations().some((one) => one.jobId === job.jid && one.state === 'running');
  const offered = ACTIONS.filter(({ isOffered, feature }) => {
    return isOffered(job) && (feature === undefined || features[feature] === true);
  });
  const chosen = offered.find(({ id }) => id === open);
  return (
    <div class="actions">
      {job.hibernation !== undefined && <WakeButton job={job} />}
      {offered.map(({ id, label, isDanger }) => (
        <button
          key={id}
          type="button"
          class="button"
          data-kind={isDanger === true ? 'danger' : undefined}
          // Canceling goes whatever is under way.
          disabled={isBusy && id !== 'cancel'}
          onClick={() => setOpen(id)}
        >
          {label}
        </button>
      ))}
      {chosen !== undefined && <chosen.Dialog job={job} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function WakeButton({ job }: { readonly job: JobJson }): JSX.Element {
  const { operations } = useConsole();
  return (
    <button type="button" class="button" onClick={() => void operations.start(wakeRequest(job))}>
      Wake
    </button>
  );
}
