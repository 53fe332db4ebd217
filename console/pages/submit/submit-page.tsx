import type { JSX } from 'preact';
import { type ProgramJson, useConfig, usePolled } from '../../data/index.ts';
import { Answer, EmptyState, matchPath, Notice, useRoute } from '../../ui/index.ts';
import type { Page } from '../page.ts';
import { ProgramList } from './program-list.tsx';
import { RunForm } from './run-form.tsx';
import { UploadPanel } from './upload-panel.tsx';

/** Upload a bundle, look at its plan, run it. */
function SubmitPage(): JSX.Element {
  const { path } = useRoute();
  const chosenId = matchPath('/submit/:id', path)?.id;
  const features = useConfig()?.features;
  const programs = usePolled<{ readonly files: readonly ProgramJson[] }>('/jars');
  const chosen = programs.value?.files.find(({ id }) => id === chosenId);
  return (
    <div class="page">
      <div class="page-head">
        <h1>Submit a job</h1>
      </div>
      {features?.['web-submit'] === false ? (
        <Notice tone="warn">
          This cluster takes no jobs from here: submit with the command line.
        </Notice>
      ) : (
        <>
          <UploadPanel />
          <section class="panel" aria-label="Uploaded bundles">
            <Answer polled={programs} what="bundles">
              {({ files }) =>
                files.length === 0 ? (
                  <EmptyState title="Nothing has been uploaded yet">
                    <p>
                      A bundle is a job with all that it imports in one file:{' '}
                      <code>npx sluice bundle job.ts</code> writes it. From a terminal,{' '}
                      <code>npx sluice run -m</code> makes and sends it by itself.
                    </p>
                  </EmptyState>
                ) : (
                  <ProgramList programs={files} chosenId={chosenId} />
                )
              }
            </Answer>
          </section>
          {chosen !== undefined && <RunForm key={chosen.id} program={chosen} />}
        </>
      )}
    </div>
  );
}

export const SUBMIT_PAGE: Page = {
  path: '/submit/*',
  title: 'Submit a job',
  link: { label: 'Submit', icon: 'submit', key: 's' },
  Component: SubmitPage,
};
