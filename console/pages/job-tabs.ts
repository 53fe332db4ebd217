/** The tabs of a job, in their order: a tab is one file, and a line here. */
import { CHECKPOINTS_TAB } from './job/checkpoints-tab.tsx';
import { CONFIGURATION_TAB } from './job/configuration-tab.tsx';
import { EXCEPTIONS_TAB } from './job/exceptions-tab.tsx';
import { METRICS_TAB } from './job/metrics-tab.tsx';
import { OVERVIEW_TAB } from './job/overview-tab.tsx';
import { TIMELINE_TAB } from './job/timeline-tab.tsx';
import { WHY_TAB } from './job/why-tab.tsx';
import type { JobTab } from './page.ts';

export const JOB_TABS: readonly JobTab[] = [
  OVERVIEW_TAB,
  WHY_TAB,
  CHECKPOINTS_TAB,
  METRICS_TAB,
  EXCEPTIONS_TAB,
  TIMELINE_TAB,
  CONFIGURATION_TAB,
];
