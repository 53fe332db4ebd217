import { useEffect, useState } from 'preact/hooks';
import type { GraphLayout, LayoutRequest } from './layout.ts';

type Graph = Omit<LayoutRequest, 'id'>;

interface Pending {
  readonly resolve: (layout: GraphLayout) => void;
  readonly reject: (reason: unknown) => void;
}

/** Lays graphs out in a worker; without one, here. */
class Layouter {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #lastId = 0;

  layout(graph: Graph): Promise<GraphLayout> {
    this.#lastId += 1;
    const request: LayoutRequest = { ...graph, id: this.#lastId };
    const source = document.querySelector('meta[name="layout-worker"]')?.getAttribute('content');
    if (source === null || source === undefined || typeof Worker === 'undefined') {
      return import('./layout.ts').then(({ layoutGraph }) => layoutGraph(request));
    }
    this.#worker ??= this.#start(source);
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });
  }

  #start(source: string): Worker {
    const worker = new Worker(source, { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<GraphLayout>) => {
      this.#pending.get(data.id)?.resolve(data);
      this.#pending.delete(data.id);
    });
    worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.#pending.values()) reject(new Error(message));
      this.#pending.clear();
      this.#worker = undefined;
    });
    return worker;
  }
}

const layouter = new Layouter();

/** Undefined until it is there; a graph that is the same keeps its layout. */
export function useLayout(graph: Graph): GraphLayout | { readonly fault: string } | undefined {
  const [layout, setLayout] = useState<GraphLayout | { readonly fault: string }>();
  const key = JSON.stringify(graph);
  useEffect(() => {
    let isWanted = true;
    layouter.layout(JSON.parse(key) as Graph).then(
      (found) => isWanted && setLayout(found),
      (thrown: unknown) => isWanted && setLayout({ fault: String(thrown) }),
    );
    return () => {
      isWanted = false;
    };
  }, [key]);
  return layout;
}
