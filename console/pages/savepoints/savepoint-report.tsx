import type { JSX } from 'preact';
import { type Column, DataTable, Notice } from '../../ui/index.ts';

/** `POST /jars/:jarid/savepoint-check`. */
export interface SavepointCheckJson {
  readonly restorable: boolean;
  readonly operators: readonly OperatorFateJson[];
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

interface OperatorFateJson {
  readonly operatorId: string;
  readonly uid?: string;
  readonly name: string;
  readonly fate: string;
  readonly states: readonly {
    readonly name: string;
    readonly kind: string;
    readonly fate: string;
    readonly reason?: string;
  }[];
}

const COLUMNS: readonly Column<OperatorFateJson>[] = [
  {
    id: 'operator',
    label: 'Operator',
    isWide: true,
    cell: ({ name, uid }) => (
      <>
        {name} {uid !== undefined && <code>{uid}</code>}
      </>
    ),
  },
  { id: 'fate', label: 'Its state is', cell: ({ fate }) => <strong>{fate}</strong> },
  {
    id: 'states',
    label: 'States',
    isWide: true,
    cell: ({ states }) =>
      states.map(({ name, kind, fate, reason }) => (
        <div key={name}>
          <code>{name}</code> ({kind}): {fate}
          {reason !== undefined && `, ${reason}`}
        </div>
      )),
  },
];

/** What would become of the state, operator by operator. */
export function SavepointReport({ check }: { readonly check: SavepointCheckJson }): JSX.Element {
  const { restorable, operators, problems } = check;
  return (
    <>
      <Notice tone={restorable ? 'good' : 'bad'}>
        {restorable
          ? 'A job of this program can start from the savepoint.'
          : 'A job of this program cannot start from the savepoint:'}
        {problems.map(({ code, message }) => (
          <p key={`${code} ${message}`}>
            <code>{code}</code> {message}
          </p>
        ))}
      </Notice>
      <DataTable
        caption="What becomes of the state"
        columns={COLUMNS}
        rows={operators}
        keyOf={({ operatorId }) => operatorId}
      />
    </>
  );
}
