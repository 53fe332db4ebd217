import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ThreadJson, useConsole, usePolled } from '../../data/index.ts';
import { Answer, EmptyState, plural, StackText } from '../../ui/index.ts';

const ONCE_MS = 3_600_000;

/** What every thread does at a moment. */
export function ThreadDump({ root }: { readonly root: string }): JSX.Element {
  const { store } = useConsole();
  const path = `${root}/thread-dump`;
  const dump = usePolled<{ readonly threadInfos: readonly ThreadJson[] }>(path, ONCE_MS);
  const [filter, setFilter] = useState('');
  const text = filter.trim().toLowerCase();
  return (
    <section class="panel" aria-label="Threads">
      <div class="panel-head">
        <input
          class="input"
          type="search"
          placeholder="Filter threads"
          aria-label="Filter threads"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button type="button" class="button" onClick={() => store.refresh(path)}>
          Take again
        </button>
      </div>
      <Answer polled={dump} what="threads">
        {({ threadInfos }) => {
          const shown = threadInfos.filter(({ threadName, stringifiedThreadInfo }) => {
            return `${threadName}\n${stringifiedThreadInfo}`.toLowerCase().includes(text);
          });
          if (shown.length === 0) return <EmptyState title="No thread is like that" />;
          return (
            <div class="panel-body threads">
              <p class="muted" role="status">
                {plural(shown.length, 'thread')}
              </p>
              {shown.map(({ threadName, stringifiedThreadInfo }) => (
                <details key={threadName} open={shown.length <= 3}>
                  <summary>{threadName}</summary>
                  <StackText text={stringifiedThreadInfo} />
                </details>
              ))}
            </div>
          );
        }}
      </Answer>
    </section>
  );
}
