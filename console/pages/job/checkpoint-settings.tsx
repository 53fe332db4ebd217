import type { JSX } from 'preact';
import { type CheckpointConfigJson, usePolled } from '../../data/index.ts';
import { Answer, durationText } from '../../ui/index.ts';

const RARELY_MS = 60_000;
/** What stands for no interval. */
const NEVER_MS = 9_007_199_254_740_991;

/** With which settings a job takes its checkpoints. */
export function CheckpointSettings({ jobId }: { readonly jobId: string }): JSX.Element {
  const polled = usePolled<CheckpointConfigJson>(`/jobs/${jobId}/checkpoints/config`, RARELY_MS);
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Settings</h2>
      </div>
      <Answer polled={polled} what="settings">
        {(config) => (
          <dl class="evidence panel-body">
            {settingsOf(config).map(([label, text]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        )}
      </Answer>
    </section>
  );
}

function settingsOf(config: CheckpointConfigJson): readonly (readonly [string, string])[] {
  const { externalization, unaligned_checkpoints: isUnaligned } = config;
  const isOff = config.interval >= NEVER_MS;
  const aligned = durationText(config.aligned_checkpoint_timeout);
  return [
    ['Interval', isOff ? 'off: savepoints only' : durationText(config.interval)],
    ['Mode', config.mode.replaceAll('_', ' ')],
    ['Timeout', durationText(config.timeout)],
    ['Pause between two', durationText(config.min_pause)],
    ['At once', String(config.max_concurrent)],
    ['Failures in a row that are tolerated', String(config.tolerable_failed_checkpoints)],
    ['Barriers overtake records', isUnaligned ? `after ${aligned} of alignment` : 'never'],
    [
      'When the job is canceled',
      externalization.enabled && !externalization.delete_on_cancellation
        ? 'the newest is kept'
        : 'they are deleted',
    ],
    ['After tasks have finished', config.checkpoints_after_tasks_finish ? 'go on' : 'stop'],
  ];
}
