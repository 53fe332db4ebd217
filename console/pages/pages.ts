/** The pages of the console, in the navigation's order: a page is one file, and a line here. */
import { JOB_PAGE } from './job-page.tsx';
import { JOBS_PAGE } from './jobs-page.tsx';
import type { Page } from './page.ts';
import { SUBMIT_PAGE } from './submit/submit-page.tsx';

export const PAGES: readonly Page[] = [JOBS_PAGE, JOB_PAGE, SUBMIT_PAGE];
