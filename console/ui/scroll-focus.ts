import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** What scrolls can be reached, and scrolled, by keys; what does not is passed over. */
export function useScrollFocus(element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { current } = element;
    if (current === null || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => look(current));
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    return () => observer.disconnect();
  }, [element]);
  // Its text may have changed, and no box with it.
  useEffect(() => {
    if (element.current !== null) look(element.current);
  });
}

function look(element: HTMLElement): void {
  const { scrollWidth, scrollHeight, clientWidth, clientHeight } = element;
  if (scrollWidth > clientWidth || scrollHeight > clientHeight) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}
