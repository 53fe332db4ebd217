import type { JSX } from 'preact';
import { type Operation, useConsole, useNow, useOperations } from '../data/index.ts';
import { CodeLine, durationText, Icon, StateBadge } from '../ui/index.ts';

const STATES: Readonly<Record<Operation['state'], string>> = {
  running: 'IN_PROGRESS',
  done: 'COMPLETED',
  failed: 'FAILED',
};

/** Operations under way, what they wait for, and what came of them. */
export function OperationTray(): JSX.Element {
  const all = useOperations();
  return (
    <section class="tray" aria-label="Operations" aria-live="polite" hidden={all.length === 0}>
      {all.map((operation) => (
        <OperationCard key={operation.id} operation={operation} />
      ))}
    </section>
  );
}

function OperationCard({ operation }: { readonly operation: Operation }): JSX.Element {
  const { operations } = useConsole();
  const { id, jobId, title, state, progress, startedAtEpochMs } = operation;
  return (
    <article class="tray-card" data-state={state} aria-label={title}>
      <header>
        <StateBadge state={STATES[state]} />
        <a href={`#/jobs/${jobId}`}>{title}</a>
        {state === 'running' ? (
          <Elapsed sinceEpochMs={startedAtEpochMs} />
        ) : (
          <button
            type="button"
            class="icon-button"
            aria-label={`Close: ${title}`}
            title="Close"
            onClick={() => operations.dismiss(id)}
          >
            <Icon name="close" />
          </button>
        )}
      </header>
      {state === 'running' && (
        <progress
          class="progress"
          aria-label={title}
          max={progress.part?.of}
          value={progress.part?.done}
        />
      )}
      <p>{progress.text}</p>
      {progress.location !== undefined && (
        <CodeLine text={progress.location} what="the savepoint’s path" />
      )}
    </article>
  );
}

function Elapsed({ sinceEpochMs }: { readonly sinceEpochMs: number }): JSX.Element {
  const nowEpochMs = useNow();
  return (
    <span class="muted" aria-live="off">
      {durationText(Math.floor((nowEpochMs - sinceEpochMs) / 1000) * 1000).replace('.0', '')}
    </span>
  );
}
