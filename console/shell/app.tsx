import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ConsoleContext, type ConsoleServices } from '../data/index.ts';
import { PAGES, type Page } from '../pages/index.ts';
import { EmptyState, matchPath, useRoute } from '../ui/index.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { Navigation } from './navigation.tsx';
import { OperationTray } from './operation-tray.tsx';
import { useShortcuts } from './shortcuts.ts';

/** The console: navigation, and the page that the address names. */
export function App({ services }: { readonly services: ConsoleServices }): JSX.Element {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts(() => setHelpOpen(true));
  return (
    <ConsoleContext.Provider value={services}>
      <div class="shell">
        <SkipLink />
        <Navigation onHelp={() => setHelpOpen(true)} />
        <Main />
        <OperationTray />
      </div>
      {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
    </ConsoleContext.Provider>
  );
}

/** Addresses behind `#` are pages here: an anchor would lead to another one. */
function SkipLink(): JSX.Element {
  return (
    <button
      type="button"
      class="skip-link"
      onClick={() => document.getElementById('main')?.focus()}
    >
      Skip to the content
    </button>
  );
}

function Main(): JSX.Element {
  const { path } = useRoute();
  const found = findPage(path);
  const main = useRef<HTMLElement>(null);
  const place = found === undefined ? path : found.place;
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = found === undefined ? 'Sluice' : `${found.page.title} · Sluice`;
    // The reader of a screen reader is told of the new page; the first is read anyway.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [place]);
  return (
    <main id="main" class="main" tabIndex={-1} ref={main}>
      <ConnectionBanner />
      {found === undefined ? (
        <div class="page">
          <EmptyState title="There is no such page">
            <p>
              <a href="#/jobs">All jobs</a>
            </p>
          </EmptyState>
        </div>
      ) : (
        <found.page.Component key={place} parameters={found.parameters} />
      )}
    </main>
  );
}

interface FoundPage {
  readonly page: Page;
  readonly parameters: Readonly<Record<string, string>>;
  /** The same for addresses that differ in the rest only. */
  readonly place: string;
}

function findPage(path: string): FoundPage | undefined {
  for (const page of PAGES) {
    const parameters = matchPath(page.path, path);
    if (parameters === undefined) continue;
    const { rest: _rest, ...named } = parameters;
    return { page, parameters, place: [page.path, ...Object.values(named)].join(' ') };
  }
  return undefined;
}
