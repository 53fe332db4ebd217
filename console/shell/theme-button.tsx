import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../ui/index.ts';

type Theme = 'dark' | 'light';

const STORAGE_KEY = 'sluice.theme';

/** From dark to light and back; what was chosen is kept, and otherwise the system's is shown. */
export function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(shownTheme);
  useEffect(() => {
    // The system's may change while the page is open.
    const observer = new MutationObserver(() => setTheme(shownTheme()));
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => observer.disconnect();
  }, []);
  const other: Theme = theme === 'dark' ? 'light' : 'dark';
  const change = (): void => {
    document.documentElement.dataset.theme = other;
    try {
      localStorage.setItem(STORAGE_KEY, other);
    } catch {
      // Storage may be forbidden: then the choice lasts until the page is left.
    }
  };
  return (
    <button
      type="button"
      class="icon-button"
      title={`Show it ${other}`}
      aria-label={`Show it ${other}`}
      onClick={change}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  );
}

function shownTheme(): Theme {
  return document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
}
