/** What a page of the console is. Pages are registered in pages.ts, tabs of a job in job-tabs.ts. */
import type { ComponentType } from 'preact';
import type { JobJson } from '../data/index.ts';
import type { IconName } from '../ui/index.ts';

export interface PageProps {
  /** The values of the path's `:names`; `rest` for a `*`. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Page {
  /** As `matchPath` reads it: `/jobs/:jobid/*`. */
  readonly path: string;
  /** Of the window. */
  readonly title: string;
  /** Stands in the navigation. */
  readonly link?: {
    readonly label: string;
    readonly icon: IconName;
    /** Behind `g`. */
    readonly key: string;
  };
  readonly Component: ComponentType<PageProps>;
}

export interface JobTabProps {
  readonly job: JobJson;
  /** What follows the tab's id in the address. */
  readonly rest: string;
}

/** A tab of a job: `#/jobs/:jobid/<id>`. */
export interface JobTab {
  readonly id: string;
  readonly label: string;
  readonly Component: ComponentType<JobTabProps>;
}
