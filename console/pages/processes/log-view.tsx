import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type LogFileJson, useConsole, usePolled } from '../../data/index.ts';
import {
  Answer,
  type Column,
  DataTable,
  EmptyState,
  Loading,
  Notice,
  plural,
  StackText,
  sizeText,
  timeText,
} from '../../ui/index.ts';

const MAX_SHOWN_LINES = 5000;

/** The log files of a process, and one of them. */
export function LogView(props: {
  readonly root: string;
  readonly address: string;
  /** Empty: none. */
  readonly fileName: string;
}): JSX.Element {
  const { root, address } = props;
  const fileName = decodeURIComponent(props.fileName);
  const logs = usePolled<{ readonly logs: readonly LogFileJson[] }>(`${root}/logs`);
  const columns: readonly Column<LogFileJson>[] = [
    {
      id: 'name',
      label: 'File',
      isWide: true,
      sortBy: ({ name }) => name,
      cell: ({ name }) => (
        <a
          href={`${address}/${encodeURIComponent(name)}`}
          aria-current={name === fileName ? 'true' : undefined}
        >
          {name}
        </a>
      ),
    },
    {
      id: 'size',
      label: 'Size',
      isNumber: true,
      sortBy: ({ size }) => size,
      cell: ({ size }) => sizeText(size),
    },
    {
      id: 'changed',
      label: 'Changed',
      sortBy: ({ mtime }) => mtime,
      cell: ({ mtime }) => timeText(mtime),
    },
  ];
  return (
    <>
      <section class="panel" aria-label="Log files">
        <Answer polled={logs} what="log files">
          {({ logs: files }) =>
            files.length === 0 ? (
              <EmptyState title="Nothing has been logged yet" />
            ) : (
              <DataTable
                caption="Log files"
                columns={columns}
                rows={files}
                keyOf={({ name }) => name}
              />
            )
          }
        </Answer>
      </section>
      {fileName !== '' && (
        <LogText key={fileName} path={`${root}/logs/${encodeURIComponent(fileName)}`} />
      )}
    </>
  );
}

function LogText({ path }: { readonly path: string }): JSX.Element {
  const { client } = useConsole();
  const [text, setText] = useState<string>();
  const [fault, setFault] = useState<string>();
  const [filter, setFilter] = useState('');
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const aborter = new AbortController();
    client.text(path, aborter.signal).then(
      (found) => {
        setText(found);
        setFault(undefined);
      },
      (thrown: unknown) => {
        if (aborter.signal.aborted) return;
        setFault(thrown instanceof Error ? thrown.message : String(thrown));
      },
    );
    return () => aborter.abort();
  }, [client, path, turn]);
  const name = decodeURIComponent(path.split('/').at(-1) ?? '');
  return (
    <section class="panel" aria-label={name}>
      <div class="panel-head">
        <h2>{name}</h2>
        <input
          class="input"
          type="search"
          placeholder="Filter lines"
          aria-label="Filter lines"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <div class="run-buttons">
          <button type="button" class="button" onClick={() => setTurn(turn + 1)}>
            Read again
          </button>
          <a class="button" href={`.${path}`} download={name}>
            Download
          </a>
        </div>
      </div>
      {fault !== undefined && <Notice tone="bad">It cannot be read: {fault}</Notice>}
      {text === undefined && fault === undefined && <Loading what="log" />}
      {text === '' && <EmptyState title="Nothing stands in it" />}
      {text !== undefined && text !== '' && <Lines text={text} filter={filter} />}
    </section>
  );
}

/** The newest lines. */
function Lines(props: { readonly text: string; readonly filter: string }): JSX.Element {
  const wanted = props.filter.trim().toLowerCase();
  const lines = props.text.split('\n').filter((line) => line.toLowerCase().includes(wanted));
  const shown = lines.slice(-MAX_SHOWN_LINES);
  return (
    <>
      {shown.length < lines.length && (
        <p class="hint panel-body">
          The newest {plural(shown.length, 'line')} of {plural(lines.length, 'line')}; download the
          file for all.
        </p>
      )}
      <StackText text={shown.join('\n')} isLog />
    </>
  );
}
