import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { stopRequest } from '../../data/index.ts';
import { OperationDialog, TargetField } from './dialog-form.tsx';
import type { JobDialogProps } from './job-actions.tsx';

export function StopDialog({ job, onClose }: JobDialogProps): JSX.Element {
  const [target, setTarget] = useState('');
  const [drain, setDrain] = useState(false);
  return (
    <OperationDialog
      title={`Stop ${job.name} with a savepoint`}
      confirm={drain ? 'Drain and stop' : 'Stop'}
      isDanger={drain}
      request={() => stopRequest(job, target.trim(), drain)}
      onClose={onClose}
    >
      <p>
        The job takes a savepoint, commits its output up to it, and finishes. Nothing is lost: a job
        that starts from the savepoint goes on where this one stopped.
      </p>
      <TargetField jobId={job.jid} value={target} onChange={setTarget} />
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            checked={drain}
            onChange={(event) => setDrain(event.currentTarget.checked)}
          />
          Drain: let all windows and timers fire first
        </label>
        {drain && (
          <p class="fault">
            Windows that are not full yet give their results now, as if the input had ended. A job
            that goes on from this savepoint gives other results than one that was never stopped.
          </p>
        )}
      </div>
    </OperationDialog>
  );
}
