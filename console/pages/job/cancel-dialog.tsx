import type { JSX } from 'preact';
import {
  type CheckpointJson,
  type CheckpointsJson,
  cancelRequest,
  useNow,
  usePolled,
} from '../../data/index.ts';
import { agoText, CodeLine, Notice } from '../../ui/index.ts';
import { OperationDialog } from './dialog-form.tsx';
import type { JobDialogProps } from './job-actions.tsx';

interface CheckpointConfig {
  readonly externalization: {
    readonly enabled: boolean;
    readonly delete_on_cancellation: boolean;
  };
}

/** Says what is lost, as far as the cluster tells it. */
export function CancelDialog({ job, onClose }: JobDialogProps): JSX.Element {
  const root = `/jobs/${job.jid}/checkpoints`;
  const checkpoints = usePolled<CheckpointsJson>(root).value;
  const config = usePolled<CheckpointConfig>(`${root}/config`).value;
  const isKept =
    config?.externalization.enabled === true && !config.externalization.delete_on_cancellation;
  return (
    <OperationDialog
      title={`Cancel ${job.name}`}
      confirm="Cancel the job"
      isDanger
      request={() => cancelRequest(job)}
      onClose={onClose}
    >
      <p>The job ends at once, without a savepoint. What is lost:</p>
      <ul class="losses">
        <li>What its output was still to commit, since the last checkpoint.</li>
        {!isKept && <li>Its state: windows, keyed state, positions in the input.</li>}
      </ul>
      <LastCheckpoint checkpoint={checkpoints?.latest.completed} isKept={isKept} />
      <p>To go on later without a loss, choose “Stop with savepoint” instead.</p>
    </OperationDialog>
  );
}

function LastCheckpoint(props: {
  readonly checkpoint: CheckpointJson | null | undefined;
  readonly isKept: boolean;
}): JSX.Element {
  const { checkpoint, isKept } = props;
  const nowEpochMs = useNow();
  if (checkpoint === undefined || checkpoint === null) {
    return <Notice tone="warn">There is no completed checkpoint to go on from.</Notice>;
  }
  const age = agoText(checkpoint.trigger_timestamp, nowEpochMs);
  if (!isKept) {
    return (
      <Notice tone="warn">
        Checkpoint {checkpoint.id}, taken {age}, is deleted with the job.
      </Notice>
    );
  }
  return (
    <Notice>
      <p>
        Checkpoint {checkpoint.id}, taken {age}, is kept: a job can start from it.
      </p>
      {checkpoint.external_path !== undefined && (
        <CodeLine text={checkpoint.external_path} what="the checkpoint’s path" />
      )}
    </Notice>
  );
}
