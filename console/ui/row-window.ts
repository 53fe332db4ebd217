/** Which rows of a long table are in sight. */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export interface RowWindow {
  /** Of the first row, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** What the rows that are left out would take. */
  readonly abovePx: number;
  readonly belowPx: number;
}

export const ROW_HEIGHT_PX = 34;
/** Rows beyond the edges, so that scrolling finds them there. */
const MARGIN_ROWS = 12;

/** @param rowCount of all. */
export function rowWindow(scrollTopPx: number, viewHeightPx: number, rowCount: number): RowWindow {
  const first = Math.floor(scrollTopPx / ROW_HEIGHT_PX) - MARGIN_ROWS;
  const from = Math.min(Math.max(0, first), rowCount);
  const inSight = Math.ceil(viewHeightPx / ROW_HEIGHT_PX) + 2 * MARGIN_ROWS;
  const to = Math.min(rowCount, from + inSight);
  return {
    ...{ from, to },
    abovePx: from * ROW_HEIGHT_PX,
    belowPx: (rowCount - to) * ROW_HEIGHT_PX,
  };
}

const DEFAULT_VIEW_PX = 480;

/** Follows the scrolling of an element. @param isVirtual false: all rows. */
export function useWindow(
  scroller: RefObject<HTMLElement | null>,
  rowCount: number,
  isVirtual: boolean,
): RowWindow {
  const [view, setView] = useState({ topPx: 0, heightPx: DEFAULT_VIEW_PX });
  useEffect(() => {
    const element = scroller.current;
    if (element === null || !isVirtual) return;
    const follow = (): void => {
      const heightPx = element.clientHeight === 0 ? DEFAULT_VIEW_PX : element.clientHeight;
      // Redrawn by steps, not by pixels.
      const topPx = Math.floor(element.scrollTop / ROW_HEIGHT_PX) * ROW_HEIGHT_PX;
      setView((last) =>
        last.topPx === topPx && last.heightPx === heightPx ? last : { topPx, heightPx },
      );
    };
    follow();
    element.addEventListener('scroll', follow, { passive: true });
    return () => element.removeEventListener('scroll', follow);
  }, [scroller, isVirtual]);
  if (!isVirtual) return { from: 0, to: rowCount, abovePx: 0, belowPx: 0 };
  return rowWindow(view.topPx, view.heightPx, rowCount);
}
