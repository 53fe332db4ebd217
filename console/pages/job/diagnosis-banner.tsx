import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type DiagnosisJson, type JobJson, usePolled } from '../../data/index.ts';
import type { NodeFinding } from '../../graph/index.ts';
import { Icon } from '../../ui/index.ts';

/** It is asked for while the job is looked at for something else. */
const INTERVAL_MS = 10_000;
const RARELY_MS = 300_000;

/** The newest diagnosis of a job that runs or has failed; of others there is none to tell. */
export function useDiagnosis(job: JobJson): DiagnosisJson | undefined {
  const isOver = job.state === 'FINISHED' || job.state === 'CANCELED';
  const path = isOver ? undefined : `/jobs/${job.jid}/diagnosis`;
  const { value } = usePolled<DiagnosisJson>(
    path,
    job.state === 'FAILED' ? RARELY_MS : INTERVAL_MS,
  );
  // It was taken before the job failed, or was restarted.
  return value !== undefined && (value.verdict === 'ended') === (job.state === 'FAILED')
    ? value
    : undefined;
}

/** By vertex: the likeliest cause that lies there. What passes by itself is none. */
export function useNodeFindings(
  diagnosis: DiagnosisJson | undefined,
): ReadonlyMap<string, NodeFinding> {
  return useMemo(() => {
    const found = new Map<string, NodeFinding>();
    for (const { severity, sentence, 'vertex-id': id } of diagnosis?.findings ?? []) {
      if (id === null || severity === 'info' || found.has(id)) continue;
      found.set(id, { severity, sentence });
    }
    return found;
  }, [diagnosis]);
}

/** One line on why nothing comes out of a job, or what it failed of. Healthy: nothing. */
export function DiagnosisBanner(props: {
  readonly jobId: string;
  readonly diagnosis: DiagnosisJson | undefined;
}): JSX.Element | null {
  const { jobId, diagnosis } = props;
  if (diagnosis === undefined) return null;
  const { verdict, summary } = diagnosis;
  const isFailed = verdict === 'ended';
  if (!isFailed && verdict !== 'blocked' && verdict !== 'impaired') return null;
  const [tab, label] = isFailed ? ['exceptions', 'Exceptions'] : ['why', 'Why no output?'];
  return (
    <section
      class="banner-line"
      data-tone={verdict === 'impaired' ? 'warn' : 'bad'}
      aria-label="Diagnosis"
    >
      <Icon name={verdict === 'impaired' ? 'state-changing' : 'state-failed'} />
      <p role="status" title={summary}>
        {summary}
      </p>
      <a href={`#/jobs/${jobId}/${tab}`}>{label}</a>
    </section>
  );
}
