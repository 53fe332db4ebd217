/** `sluice list`, word for word as Flink prints it. */

/** What is listed of a job. */
export interface ListedJob {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
}

export interface ListSections {
  readonly running: boolean;
  readonly scheduled: boolean;
  readonly terminated: boolean;
}

const TITLES = {
  running: '------------------ Running/Restarting Jobs -------------------',
  scheduled: '----------------------- Scheduled Jobs -----------------------',
  terminated: '---------------------- Terminated Jobs -----------------------',
} as const;
const RULE = '-'.repeat(TITLES.running.length);
const SCHEDULED: readonly string[] = ['CREATED', 'INITIALIZING'];
const TERMINATED: readonly string[] = ['FINISHED', 'FAILED', 'CANCELED'];

/** The lines, and the jobs in them; sections that were not asked for are left out. */
export function jobListLines(
  all: readonly ListedJob[],
  sections: ListSections,
): { readonly lines: readonly string[]; readonly jobs: readonly ListedJob[] } {
  // By start; jobs that started at the same time by the name of their state.
  const sorted = all
    .toSorted((a, b) => (a.state < b.state ? -1 : a.state > b.state ? 1 : 0))
    .toSorted((a, b) => a['start-time'] - b['start-time']);
  const isRunning = ({ state }: ListedJob): boolean =>
    !SCHEDULED.includes(state) && !TERMINATED.includes(state);
  const running = sections.running ? sorted.filter(isRunning) : [];
  const scheduled = sections.scheduled
    ? sorted.filter(({ state }) => SCHEDULED.includes(state))
    : [];
  const terminated = sections.terminated
    ? sorted.filter(({ state }) => TERMINATED.includes(state))
    : [];
  const lines = [
    ...(sections.running ? section(TITLES.running, running, 'No running jobs.') : []),
    ...(sections.scheduled ? section(TITLES.scheduled, scheduled, 'No scheduled jobs.') : []),
    ...(terminated.length > 0 ? section(TITLES.terminated, terminated, '') : []),
  ];
  return { lines, jobs: [...running, ...scheduled, ...terminated] };
}

function section(title: string, jobs: readonly ListedJob[], none: string): string[] {
  if (jobs.length === 0) return [none];
  const lines = jobs.map(
    (job) => `${timeText(job['start-time'])} : ${job.jid} : ${job.name} (${job.state})`,
  );
  return [title, ...lines, RULE];
}

/** `30.11.2020 16:02:29`, local time. */
function timeText(epochMs: number): string {
  const time = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${two(time.getDate())}.${two(time.getMonth() + 1)}.${time.getFullYear()}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
