import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Operation, useConsole, useNow, useOperations } from '../data/index.ts';
import { CodeLine, durationText, Icon, StateBadge } from '../ui/index.ts';

const STATES: Readonly<Record<Operation['state'], string>> = {
  running: 'IN_PROGRESS',
  done: 'COMPLETED',
  failed: 'FAILED',
};

/** So long what came of it is in full sight, above what is beneath. */
const FOLDS_AFTER_MS = 10_000;

/** What is done folds by itself, and on the way to another page; what has failed stays open. */
function useFolding(isDone: boolean): readonly [boolean, (isFolded: boolean) => void] {
  const { world } = useConsole();
  const [isFolded, setFolded] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const fold = (): void => setFolded(true);
    const cancel = world.after(FOLDS_AFTER_MS, fold);
    addEventListener('hashchange', fold);
    return () => {
      cancel();
      removeEventListener('hashchange', fold);
    };
  }, [world, isDone]);
  return [isFolded, setFolded];
}

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
  const { id, jobId, title, state, startedAtEpochMs } = operation;
  const [isFolded, setFolded] = useFolding(state === 'done');
  return (
    <article class="tray-card" data-state={state} data-folded={isFolded} aria-label={title}>
      <header>
        <StateBadge state={STATES[state]} />
        <a href={`#/jobs/${jobId}`} title={title}>
          {title}
        </a>
        {state === 'running' && <Elapsed sinceEpochMs={startedAtEpochMs} />}
        {state === 'done' && (
          <button
            type="button"
            class="button"
            data-kind="link"
            aria-label={`${isFolded ? 'Show' : 'Fold'}: ${title}`}
            aria-expanded={!isFolded}
            onClick={() => setFolded(!isFolded)}
          >
            {isFolded ? 'Show' : 'Fold'}
          </button>
        )}
        {state !== 'running' && (
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
      {!isFolded && <OperationBody operation={operation} />}
    </article>
  );
}

function OperationBody({ operation }: { readonly operation: Operation }): JSX.Element {
  const { title, state, progress } = operation;
  return (
    <>
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
    </>
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
