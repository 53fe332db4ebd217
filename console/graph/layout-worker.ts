/** Lays a graph out apart from the page's thread. */
import { type LayoutRequest, layoutGraph } from './layout.ts';

addEventListener('message', ({ data }: MessageEvent<LayoutRequest>) => {
  postMessage(layoutGraph(data));
});
