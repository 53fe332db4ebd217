import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';
import type { Size } from './layout.ts';

const DEFAULT_WIDTH_PX = 960;
/** Smaller than that nothing can be read: then it is scrolled. */
const MIN_FIT_SCALE = 0.55;

/** The width of an element, also after it has changed. */
export function useWidth(element: RefObject<HTMLElement | null>): number {
  const [widthPx, setWidth] = useState(DEFAULT_WIDTH_PX);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) return;
    const measure = (): void => {
      if (current.clientWidth > 0) setWidth(current.clientWidth);
    };
    measure();
    if (typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return widthPx;
}

/** As wide as there is room, but readable, and not larger than it is. */
export function fitScale(size: Size | undefined, widthPx: number): number {
  if (size === undefined || size.width === 0) return 1;
  return Math.max(MIN_FIT_SCALE, Math.min(1, widthPx / size.width));
}
