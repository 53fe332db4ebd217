import type { ComponentChildren, JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { useWindow } from './row-window.ts';
import { useScrollFocus } from './scroll-focus.ts';

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What it is sorted by. Absent: it is not. */
  readonly sortBy?: (row: Row) => number | string;
  readonly isNumber?: boolean;
  /** May break into lines. */
  readonly isWide?: boolean;
}

export interface Sorting {
  readonly columnId: string;
  readonly isDescending: boolean;
}

/** Above this many rows only those in sight are in the document. */
const VIRTUAL_FROM_ROWS = 60;

/** A table that sorts, and stays smooth with very many rows. The first column names the row. */
export function DataTable<Row>(props: {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly initialSorting?: Sorting;
}): JSX.Element {
  const { caption, columns, rows, keyOf, initialSorting } = props;
  const [sorting, setSorting] = useState<Sorting | undefined>(initialSorting);
  const sorted = useMemo(() => sortedRows(rows, columns, sorting), [rows, columns, sorting]);
  const scroller = useRef<HTMLDivElement>(null);
  const isVirtual = sorted.length > VIRTUAL_FROM_ROWS;
  const shown = useWindow(scroller, sorted.length, isVirtual);
  useScrollFocus(scroller);
  return (
    <section
      ref={scroller}
      class="table-scroll"
      data-virtual={isVirtual}
      aria-label={`${caption}, table`}
    >
      <table class="table" aria-rowcount={sorted.length + 1}>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          <SpacerRow heightPx={shown.abovePx} columnCount={columns.length} />
          {sorted.slice(shown.from, shown.to).map((row, index) => (
            <tr key={keyOf(row)} aria-rowindex={shown.from + index + 2}>
              {columns.map((column, at) => (
                <Cell key={column.id} column={column} row={row} isHead={at === 0} />
              ))}
            </tr>
          ))}
          <SpacerRow heightPx={shown.belowPx} columnCount={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

function Cell<Row>(props: {
  readonly column: Column<Row>;
  readonly row: Row;
  readonly isHead: boolean;
}): JSX.Element {
  const { column, row, isHead } = props;
  const look = `${column.isNumber === true ? 'is-number' : ''} ${column.isWide === true ? 'is-wide' : ''}`;
  const content = column.cell(row);
  if (!isHead) return <td class={look}>{content}</td>;
  return (
    <th scope="row" class={look}>
      {content}
    </th>
  );
}

function HeaderCell<Row>(props: {
  readonly column: Column<Row>;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting) => void;
}): JSX.Element {
  const { column, sorting, onSort } = props;
  const look = column.isNumber === true ? 'is-number' : '';
  if (column.sortBy === undefined) {
    return (
      <th scope="col" class={look}>
        {column.label}
      </th>
    );
  }
  const isSorted = sorting?.columnId === column.id;
  const order = !isSorted ? 'none' : sorting.isDescending ? 'descending' : 'ascending';
  // What is counted is looked at from the largest on.
  const isDescending = isSorted ? !sorting.isDescending : column.isNumber === true;
  return (
    <th scope="col" class={look} aria-sort={order}>
      <button
        type="button"
        class="sort"
        onClick={() => onSort({ columnId: column.id, isDescending })}
      >
        {column.label}
        <Icon name="up" />
      </button>
    </th>
  );
}

/** Stands for the rows that are out of sight. */
function SpacerRow(props: {
  readonly heightPx: number;
  readonly columnCount: number;
}): JSX.Element | null {
  if (props.heightPx <= 0) return null;
  return (
    <tr class="is-spacer">
      <td colSpan={props.columnCount}>
        <svg width="1" height={props.heightPx} aria-hidden="true" />
      </td>
    </tr>
  );
}

/** Equal rows keep their order. */
export function sortedRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | undefined,
): readonly Row[] {
  const by = columns.find(({ id }) => id === sorting?.columnId)?.sortBy;
  if (by === undefined || sorting === undefined) return rows;
  const sign = sorting.isDescending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(by(a), by(b)));
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}
