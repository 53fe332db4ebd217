import type { JSX } from 'preact';

const PARTS: readonly (readonly [name: string, label: string])[] = [
  ['working', 'working'],
  ['busy', 'busy'],
  ['pressured', 'back pressured: waits for who reads its output'],
  ['idle', 'idle: waits for input'],
];

/** What the colours of the bars mean. */
export function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Colours">
      {PARTS.map(([name, label]) => (
        <li key={name}>
          <svg width="14" height="10" aria-hidden="true">
            <rect class={`bar-${name}`} width="14" height="10" rx="2" />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}
