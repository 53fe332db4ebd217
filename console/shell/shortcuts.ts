/** `?` for help, `g` and a letter for a page. Nothing is taken from who types or uses a modifier. */
import { useEffect } from 'preact/hooks';
import { PAGES } from '../pages/index.ts';
import { goTo } from '../ui/index.ts';

const NEXT_KEY_WITHIN_MS = 1200;

/** The page that a letter behind `g` leads to. */
export function pageOfKey(key: string): string | undefined {
  return PAGES.find(({ link }) => link?.key === key)?.path.replace(/\/\*$/, '');
}

export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    let goneAtMs = Number.NEGATIVE_INFINITY;
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') {
        event.preventDefault();
        onHelp();
      } else if (event.timeStamp - goneAtMs < NEXT_KEY_WITHIN_MS) {
        goneAtMs = Number.NEGATIVE_INFINITY;
        const page = pageOfKey(event.key);
        if (page !== undefined) goTo(page);
      } else if (event.key === 'g') goneAtMs = event.timeStamp;
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [onHelp]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return target.closest('input, textarea, select, dialog, [contenteditable]') !== null;
}
