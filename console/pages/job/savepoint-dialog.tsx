import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { savepointRequest } from '../../data/index.ts';
import { OperationDialog, TargetField } from './dialog-form.tsx';
import type { JobDialogProps } from './job-actions.tsx';

export function SavepointDialog({ job, onClose }: JobDialogProps): JSX.Element {
  const [target, setTarget] = useState('');
  const of = job.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
  return (
    <OperationDialog
      title={`Take a savepoint of ${job.name}`}
      confirm="Take the savepoint"
      request={() => savepointRequest(job, target.trim())}
      onClose={onClose}
    >
      <p>
        The state of the job is written to a place of its own, and is yours until you dispose of it.
        The job goes on meanwhile. The savepoint is complete when all {of} subtasks have
        acknowledged.
      </p>
      <TargetField jobId={job.jid} value={target} onChange={setTarget} />
    </OperationDialog>
  );
}
