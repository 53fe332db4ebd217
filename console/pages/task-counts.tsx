import type { JSX } from 'preact';

const TONES: Readonly<Record<string, string>> = {
  running: 'good',
  finished: 'quiet',
  failed: 'bad',
  canceled: 'quiet',
  canceling: 'warn',
};

/** `3 running · 1 finished`: how many tasks are in which state. */
export function TaskCounts(props: {
  /** By state; `total` is left out. */
  readonly tasks: Readonly<Record<string, number>>;
}): JSX.Element {
  const counts = Object.entries(props.tasks)
    .map(([state, count]) => [state.toLowerCase(), count] as const)
    .filter(([state, count]) => state !== 'total' && count > 0);
  if (counts.length === 0) return <span class="muted">none</span>;
  return (
    <span class="task-counts">
      {counts.map(([state, count]) => (
        <span key={state} data-tone={TONES[state] ?? 'info'}>
          {count} {state}
        </span>
      ))}
    </span>
  );
}
