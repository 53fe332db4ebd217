import type { JSX } from 'preact';
import { Icon, type IconName } from './icon.tsx';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';

const LOOKS: Readonly<Record<string, readonly [Tone, IconName]>> = {
  RUNNING: ['good', 'state-running'],
  FINISHED: ['quiet', 'state-done'],
  COMPLETED: ['good', 'state-done'],
  FAILED: ['bad', 'state-failed'],
  FAILING: ['bad', 'state-changing'],
  CANCELED: ['quiet', 'state-canceled'],
  CANCELLING: ['warn', 'state-changing'],
  CANCELING: ['warn', 'state-changing'],
  RESTARTING: ['warn', 'state-changing'],
  IN_PROGRESS: ['info', 'state-changing'],
  SUSPENDED: ['quiet', 'state-waiting'],
  CREATED: ['quiet', 'state-waiting'],
  SCHEDULED: ['quiet', 'state-waiting'],
};

/** A state of a job, a task or a checkpoint: a colour, a shape and a word. */
export function StateBadge({ state }: { readonly state: string }): JSX.Element {
  const [tone, icon] = LOOKS[state] ?? ['info', 'state-changing'];
  const word = state.charAt(0) + state.slice(1).toLowerCase().replaceAll('_', ' ');
  return (
    <span class="badge" data-tone={tone}>
      <Icon name={icon} />
      {word}
    </span>
  );
}
