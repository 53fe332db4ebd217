import type { JSX } from 'preact';
import { type JobConfigJson, usePolled } from '../../data/index.ts';
import { Answer } from '../../ui/index.ts';
import { type Option, OptionPanel } from '../option-panel.tsx';
import type { JobTab, JobTabProps } from '../page.ts';

const RARELY_MS = 60_000;

/** The settings that a job runs with. */
function ConfigurationTab({ job }: JobTabProps): JSX.Element {
  const config = usePolled<JobConfigJson>(`/jobs/${job.jid}/config`, RARELY_MS);
  return (
    <Answer polled={config} what="configuration">
      {({ 'execution-config': execution }) => (
        <>
          <OptionPanel
            title="Execution"
            options={[
              { key: 'Default parallelism', value: String(execution['job-parallelism']) },
              { key: 'Restart strategy', value: execution['restart-strategy'] },
              { key: 'Object reuse', value: execution['object-reuse-mode'] ? 'on' : 'off' },
            ]}
          />
          <OptionPanel title="Options of this job" options={optionsOf(execution['user-config'])} />
        </>
      )}
    </Answer>
  );
}

function optionsOf(record: Readonly<Record<string, unknown>>): readonly Option[] {
  return Object.entries(record)
    .map(([key, value]) => ({ key, value: textOf(value) }))
    .toSorted((a, b) => a.key.localeCompare(b.key));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export const CONFIGURATION_TAB: JobTab = {
  id: 'configuration',
  label: 'Configuration',
  Component: ConfigurationTab,
};
