import type { JSX } from 'preact';

/** Drawn on 16 × 16, in the colour of the text. */
const PATHS = {
  jobs: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  'task-managers': 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01',
  'job-manager': 'M8 2.5l5 2.8v5.4l-5 2.8-5-2.8V5.3zM8 8v5.5M8 8l5-2.7M8 8L3 5.3',
  submit: 'M8 10.5v-8M5 5.5l3-3 3 3M2.5 10v3.5h11V10',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
  help: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM6 6.2a2 2 0 1 1 2.8 1.9c-.5.2-.8.6-.8 1.2M8 11.5h.01',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  up: 'M8 12.5v-9M4.5 7L8 3.5 11.5 7',
  brand: 'M2 5h5c3 0 2 6 7 6M2 11h3M11 5h3',
  'state-running': 'M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  'state-done': 'M3 8.5l3.5 3.5L13 4.5',
  'state-failed': 'M4 4l8 8M12 4l-8 8',
  'state-canceled': 'M4 4h8v8H4z',
  'state-waiting': 'M5.5 4v8M10.5 4v8',
  'state-changing': 'M12.5 8A4.5 4.5 0 1 1 10.5 4.2M10.5 1.5v3h-3',
  chart: 'M2.5 2.5v11h11M5 10l3-3 2 2 3.5-4.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5l3 3',
  storage: 'M3 4c0-2 10-2 10 0s-10 2-10 0zM3 4v8c0 2 10 2 10 0V4M3 8c0 2 10 2 10 0',
} as const;

export type IconName = keyof typeof PATHS;

/** Says nothing to a screen reader: a word stands beside it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  const isFilled = name === 'state-running' || name === 'state-canceled';
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill={isFilled ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
