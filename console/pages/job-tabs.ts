/** The tabs of a job, in their order: a tab is one file, and a line here. */
import { CONFIGURATION_TAB } from './job/configuration-tab.tsx';
import type { JobTab } from './page.ts';

export const JOB_TABS: readonly JobTab[] = [CONFIGURATION_TAB];
