import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type Column, DataTable, EmptyState } from '../ui/index.ts';

/** A setting. */
export interface Option {
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
/** Settings as a table; long ones can be filtered. */
export function OptionPanel(props: {
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
