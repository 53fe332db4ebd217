import type { JSX } from 'preact';
import { useConfig } from '../data/index.ts';
import { PAGES } from '../pages/index.ts';
import { Icon, useRoute } from '../ui/index.ts';
import { ThemeButton } from './theme-button.tsx';

/** At the left; at the bottom of narrow screens. */
export function Navigation({ onHelp }: { readonly onHelp: () => void }): JSX.Element {
  const { path } = useRoute();
  const config = useConfig();
  const isCurrent = (page: string): boolean => path === page || path.startsWith(`${page}/`);
  return (
    <nav class="nav" aria-label="Console">
      <a class="brand" href="#/jobs">
        <Icon name="brand" />
        Sluice
      </a>
      <ul>
        {PAGES.map(({ path: target, link }) =>
          link === undefined ? null : (
            <li key={target}>
              <a
                class="nav-link"
                href={`#${target.replace(/\/\*$/, '')}`}
                aria-current={isCurrent(target.replace(/\/\*$/, '')) ? 'page' : undefined}
              >
                <Icon name={link.icon} />
                {link.label}
              </a>
            </li>
          ),
        )}
      </ul>
      <div class="nav-foot">
        <span class="version">{config !== undefined && `Version ${config['flink-version']}`}</span>
        <ThemeButton />
        <button
          type="button"
          class="icon-button"
          title="Keyboard shortcuts (?)"
          aria-label="Keyboard shortcuts"
          onClick={onHelp}
        >
          <Icon name="help" />
        </button>
      </div>
    </nav>
  );
}
