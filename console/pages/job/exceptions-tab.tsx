import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { type ExceptionJson, type ExceptionsJson, usePolled } from '../../data/index.ts';
import { Answer, CopyButton, EmptyState, plural, StackText, timeText } from '../../ui/index.ts';
import type { JobTab, JobTabProps } from '../page.ts';

const FIRST_COUNT = 20;

/** What failed, the newest first. */
function ExceptionsTab({ job }: JobTabProps): JSX.Element {
  const [maxCount, setMaxCount] = useState(FIRST_COUNT);
  const path = `/jobs/${job.jid}/exceptions?maxExceptions=${maxCount}`;
  const exceptions = usePolled<ExceptionsJson>(path);
  return (
    <Answer polled={exceptions} what="exceptions">
      {({ exceptionHistory: { entries, truncated } }) =>
        entries.length === 0 ? (
          <section class="panel">
            <EmptyState title="Nothing has failed">
              <p>Failures of this job are kept here, with what led to them.</p>
            </EmptyState>
          </section>
        ) : (
          <>
            <ol class="exceptions" aria-label="Exceptions, the newest first">
              {entries.map((entry, index) => (
                <li key={`${entry.timestamp} ${entry.taskName}`}>
                  <Exception entry={entry} isOpen={index === 0} isLatest={index === 0} />
                </li>
              ))}
            </ol>
            {truncated && <MoreButton onMore={() => setMaxCount(maxCount * 2)} />}
          </>
        )
      }
    </Answer>
  );
}

function MoreButton({ onMore }: { readonly onMore: () => void }): JSX.Element {
  return (
    <div>
      <button type="button" class="button" onClick={onMore}>
        Show earlier ones
      </button>
      <p class="hint">Of very old ones nothing may be kept.</p>
    </div>
  );
}

function Exception(props: {
  readonly entry: ExceptionJson;
  readonly isOpen: boolean;
  readonly isLatest: boolean;
}): JSX.Element {
  const { entry, isOpen, isLatest } = props;
  const [first = '', ...rest] = entry.stacktrace.split('\n');
  return (
    <details class="panel exception" open={isOpen}>
      <summary>
        <time>{timeText(entry.timestamp)}</time>
        <strong>{first}</strong>
        {isLatest && (
          <span class="badge" data-tone="bad">
            Latest
          </span>
        )}
      </summary>
      <dl class="facts">
        <div>
          <dt>Task</dt>
          <dd>{entry.taskName ?? 'the whole job'}</dd>
        </div>
        {entry.endpoint !== null && (
          <div>
            <dt>Task manager</dt>
            <dd>
              {typeof entry.taskManagerId === 'string' ? (
                <a href={`#/task-managers/${encodeURIComponent(entry.taskManagerId)}`}>
                  {entry.taskManagerId}
                </a>
              ) : (
                entry.endpoint
              )}
            </dd>
          </div>
        )}
        <div>
          <dt>Code</dt>
          <dd>
            <code>{entry.exceptionName}</code>
          </dd>
        </div>
      </dl>
      {rest.length > 0 && <StackText text={entry.stacktrace} />}
      <CopyButton text={entry.stacktrace} what="the stack" />
      {entry.concurrentExceptions.length > 0 && <Concurrent entries={entry.concurrentExceptions} />}
    </details>
  );
}

function Concurrent({ entries }: { readonly entries: readonly ExceptionJson[] }): JSX.Element {
  return (
    <div class="concurrent">
      <h3>{plural(entries.length, 'task')} failed at the same time</h3>
      {entries.map((entry) => (
        <details key={`${entry.timestamp} ${entry.taskName}`}>
          <summary>
            {entry.taskName ?? 'the whole job'}: {entry.stacktrace.split('\n')[0]}
          </summary>
          <StackText text={entry.stacktrace} />
        </details>
      ))}
    </div>
  );
}

export const EXCEPTIONS_TAB: JobTab = {
  id: 'exceptions',
  label: 'Exceptions',
  Component: ExceptionsTab,
};
