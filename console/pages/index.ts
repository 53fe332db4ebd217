export type { JobTab, JobTabProps, Page, PageProps } from './page.ts';
export { PAGES } from './pages.ts';
