import type { JSX } from 'preact';
import {
  type JobJson,
  type JobState,
  useConnection,
  useConsole,
  usePolled,
} from '../data/index.ts';
import { Answer, CopyButton, durationText, StateBadge, Tabs, timeText } from '../ui/index.ts';
import { JobActions } from './job/job-actions.tsx';
import { JOB_TABS } from './job-tabs.ts';
import type { Page, PageProps } from './page.ts';

const ENDED: readonly JobState[] = ['FINISHED', 'FAILED', 'CANCELED'];
const RARELY_MS = 30_000;

/** A job: its head, and one of its tabs. */
function JobPage({ parameters }: PageProps): JSX.Element {
  const { jobid = '', rest = '' } = parameters;
  const path = `/jobs/${jobid}`;
  const { store } = useConsole();
  const known = store.peek<JobJson>(path).value;
  // What has ended does not change any more.
  const isEnded = known !== undefined && ENDED.includes(known.state);
  const job = usePolled<JobJson>(path, isEnded ? RARELY_MS : undefined);
  return (
    <div class="page">
      <nav class="crumbs" aria-label="Way to this page">
        <a href="#/jobs">Jobs</a>
        <span aria-hidden="true">/</span>
        <code>{jobid.slice(0, 8)}</code>
      </nav>
      <Answer polled={job} what="job">
        {(value) => <ShownJob job={value} rest={rest} />}
      </Answer>
    </div>
  );
}

function ShownJob({ job, rest }: { readonly job: JobJson; readonly rest: string }): JSX.Element {
  const isStale = useConnection().type === 'lost';
  const [id = '', ...more] = rest.split('/');
  const tab = JOB_TABS.find((one) => one.id === id) ?? JOB_TABS[0];
  const tabs = JOB_TABS.map((one) => ({
    href: `#/jobs/${job.jid}/${one.id}`,
    label: one.label,
    isCurrent: one === tab,
  }));
  return (
    <>
      <header class="page-head">
        <h1>{job.name}</h1>
        <span role="status">
          <StateBadge state={job.state} />
        </span>
        <JobActions job={job} />
      </header>
      <JobFacts job={job} />
      <Tabs label="Job" tabs={tabs} />
      <div class={isStale ? 'tab-body is-stale' : 'tab-body'}>
        {tab !== undefined && <tab.Component key={job.jid} job={job} rest={more.join('/')} />}
      </div>
    </>
  );
}

function JobFacts({ job }: { readonly job: JobJson }): JSX.Element {
  return (
    <dl class="facts">
      <div>
        <dt>Id</dt>
        <dd class="id-fact">
          <code>{job.jid}</code>
          <CopyButton text={job.jid} what="the job’s id" />
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>{timeText(job['start-time'])}</dd>
      </div>
      {job['end-time'] >= 0 && (
        <div>
          <dt>Ended</dt>
          <dd>{timeText(job['end-time'])}</dd>
        </div>
      )}
      <div>
        <dt>Duration</dt>
        <dd>{durationText(job.duration)}</dd>
      </div>
    </dl>
  );
}

export const JOB_PAGE: Page = { path: '/jobs/:jobid/*', title: 'Job', Component: JobPage };
