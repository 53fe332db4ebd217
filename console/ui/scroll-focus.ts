import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** What scrolls can be reached, and scrolled, by keys; what does not is passed over. */
export function useScrollFocus(element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const { current } = element;
    if (current === null || typeof ResizeObserver === 'undefined') return;
    const look = (): void => {
      const { scrollWidth, scrollHeight, clientWidth, clientHeight } = current;
      const scrolls = scrollWidth > clientWidth || scrollHeight > clientHeight;
      if (scrolls) current.tabIndex = 0;
      else current.removeAttribute('tabindex');
    };
    const observer = new ResizeObserver(look);
    observer.observe(current);
    for (const child of current.children) observer.observe(child);
    look();
    return () => observer.disconnect();
  }, [element]);
}
