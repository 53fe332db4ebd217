import type { JSX } from 'preact';
import { type EnvironmentJson, usePolled } from '../../data/index.ts';
import { Answer, Tabs } from '../../ui/index.ts';
import { OptionPanel } from '../option-panel.tsx';
import type { Page, PageProps } from '../page.ts';
import { LogView } from './log-view.tsx';
import { ProcessMetrics } from './process-metrics.tsx';
import { ThreadDump } from './thread-dump.tsx';

const ROOT = '/jobmanager';
const RARELY_MS = 60_000;
const VIEWS: readonly (readonly [id: string, label: string])[] = [
  ['overview', 'Overview'],
  ['logs', 'Logs'],
  ['threads', 'Threads'],
];

/** The process that coordinates the jobs. */
function JobManagerPage({ parameters }: PageProps): JSX.Element {
  const [view = '', ...more] = (parameters.rest ?? '').split('/');
  const shown = VIEWS.find(([one]) => one === view)?.[0] ?? 'overview';
  const address = '#/job-manager';
  return (
    <div class="page">
      <div class="page-head">
        <h1>Job manager</h1>
      </div>
      <Tabs
        label="Job manager"
        tabs={VIEWS.map(([one, label]) => {
          return { href: `${address}/${one}`, label, isCurrent: one === shown };
        })}
      />
      {shown === 'overview' && <Overview />}
      {shown === 'logs' && (
        <LogView root={ROOT} address={`${address}/logs`} fileName={more.join('/')} />
      )}
      {shown === 'threads' && <ThreadDump root={ROOT} />}
    </div>
  );
}

function Overview(): JSX.Element {
  const config = usePolled<readonly { readonly key: string; readonly value: string }[]>(
    `${ROOT}/config`,
    RARELY_MS,
  );
  const environment = usePolled<EnvironmentJson>(`${ROOT}/environment`, RARELY_MS);
  return (
    <>
      <Answer polled={environment} what="environment">
        {({ jvm }) => (
          <dl class="facts">
            <div>
              <dt>Runs on</dt>
              <dd>{jvm.version}</dd>
            </div>
            <div>
              <dt>Machine</dt>
              <dd>{jvm.arch}</dd>
            </div>
            {jvm.options.length > 0 && (
              <div>
                <dt>Started with</dt>
                <dd>
                  <code>{jvm.options.join(' ')}</code>
                </dd>
              </div>
            )}
          </dl>
        )}
      </Answer>
      <ProcessMetrics root={ROOT} />
      <Answer polled={config} what="configuration">
        {(options) => <OptionPanel title="Configuration of the cluster" options={options} />}
      </Answer>
    </>
  );
}

export const JOB_MANAGER_PAGE: Page = {
  path: '/job-manager/*',
  title: 'Job manager',
  link: { label: 'Job manager', icon: 'job-manager', key: 'm' },
  Component: JobManagerPage,
};
