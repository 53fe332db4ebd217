import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type JobConfigJson, usePolled } from '../../data/index.ts';
import { Answer, type Column, DataTable, EmptyState } from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';

interface Option {
  readonly key: string;
  readonly value: string;
}

const COLUMNS: readonly Column<Option>[] = [
  {
    id: 'key',
    label: 'Option',
    sortBy: ({ key }) => key,
    cell: ({ key }) => <code>{key}</code>,
  },
  { id: 'value', label: 'Value', isWide: true, cell: ({ value }) => <code>{value}</code> },
];
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

function OptionPanel(props: {
  readonly title: string;
  readonly options: readonly Option[];
}): JSX.Element {
  const { title, options } = props;
  const [filter, setFilter] = useState('');
  const isLong = options.length > 12;
  const shown = options.filter(({ key }) => key.includes(filter.trim()));
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{title}</h2>
        {isLong && (
          <input
            class="input"
            type="search"
            placeholder="Filter options"
            aria-label="Filter options"
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        )}
      </div>
      {options.length === 0 ? (
        <EmptyState title="All options have their defaults" />
      ) : (
        <DataTable caption={title} columns={COLUMNS} rows={shown} keyOf={({ key }) => key} />
      )}
    </section>
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
