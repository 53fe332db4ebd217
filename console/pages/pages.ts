/** The pages of the console, in the navigation's order: a page is one file, and a line here. */
import { JOB_PAGE } from './job-page.tsx';
import { JOBS_PAGE } from './jobs-page.tsx';
import type { Page } from './page.ts';
import { JOB_MANAGER_PAGE } from './processes/job-manager-page.tsx';
import { TASK_MANAGER_PAGE } from './processes/task-manager-page.tsx';
import { TASK_MANAGERS_PAGE } from './processes/task-managers-page.tsx';
import { SAVEPOINTS_PAGE } from './savepoints-page.tsx';
import { SUBMIT_PAGE } from './submit/index.ts';

export const PAGES: readonly Page[] = [
  JOBS_PAGE,
  JOB_PAGE,
  TASK_MANAGERS_PAGE,
  TASK_MANAGER_PAGE,
  JOB_MANAGER_PAGE,
  SAVEPOINTS_PAGE,
  SUBMIT_PAGE,
];
