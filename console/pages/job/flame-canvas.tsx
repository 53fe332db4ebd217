import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { percentText } from '../../ui/index.ts';
import { type FlameFrame, type FlameNode, flameFrames } from './flame-layout.ts';

const ROW_PX = 20;
const CHAR_PX = 6.6;
const HUES = 5;

/** A flame graph on a canvas. A click makes a frame the whole; the table beside it tells the same. */
export function FlameCanvas({ root }: { readonly root: FlameNode }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [zoomed, setZoomed] = useState<FlameNode>();
  const [pointed, setPointed] = useState<FlameFrame>();
  const shown = zoomed ?? root;
  const frames = useMemo(() => flameFrames(shown), [shown]);
  const depthCount = Math.max(...frames.map(({ depth }) => depth)) + 1;
  useEffect(() => {
    const element = canvas.current;
    if (element === null || typeof ResizeObserver === 'undefined') return;
    const redraw = (): void => draw(element, frames, depthCount);
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    redraw();
    return () => observer.disconnect();
  }, [frames, depthCount]);
  const frameAt = (event: MouseEvent): FlameFrame | undefined => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return undefined;
    const left = (event.clientX - box.left) / box.width;
    const depth = Math.floor((event.clientY - box.top) / ROW_PX);
    return frames.find((one) => {
      return one.depth === depth && one.left <= left && left < one.left + one.width;
    });
  };
  return (
    <>
      <div class="flame-tools">
        <button
          type="button"
          class="button"
          disabled={zoomed === undefined}
          onClick={() => setZoomed(undefined)}
        >
          Show all
        </button>
        <span class="mono">
          {pointed === undefined
            ? shown.name
            : `${pointed.node.name} · ${percentText(pointed.node.value / Math.max(1, root.value))}`}
        </span>
      </div>
      <canvas
        ref={canvas}
        height={depthCount * ROW_PX}
        onClick={(event) => setZoomed(frameAt(event)?.node)}
        onMouseMove={(event) => setPointed(frameAt(event))}
        onMouseLeave={() => setPointed(undefined)}
        aria-label="Flame graph; the table below names the functions that take most of the time"
        role="img"
      />
    </>
  );
}

function draw(element: HTMLCanvasElement, frames: readonly FlameFrame[], depthCount: number): void {
  const context = element.getContext('2d');
  if (context === null) return;
  const [widthPx, ratio] = [element.clientWidth, devicePixelRatio];
  element.width = widthPx * ratio;
  element.height = depthCount * ROW_PX * ratio;
  context.scale(ratio, ratio);
  context.font = '11.5px ui-monospace, monospace';
  context.textBaseline = 'middle';
  for (const { node, depth, left, width } of frames) {
    const [x, y, w] = [left * widthPx, depth * ROW_PX, width * widthPx];
    context.fillStyle = colorOf(node.name);
    context.fillRect(x, y, Math.max(1, w - 1), ROW_PX - 1);
    const chars = Math.floor((w - 8) / CHAR_PX);
    if (chars < 3) continue;
    const text = node.name.length > chars ? `${node.name.slice(0, chars - 1)}…` : node.name;
    context.fillStyle = '#1b1206';
    context.fillText(text, x + 4, y + ROW_PX / 2);
  }
}

/** The same for the same name, so that it is found again. */
function colorOf(name: string): string {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return `hsl(${22 + (hash % HUES) * 7} ${78 - (hash % 3) * 8}% ${60 + (hash % 4) * 4}%)`;
}
