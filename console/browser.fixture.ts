/** A document to render into, and a cluster that answers what a test says. */
import { Window } from 'happy-dom';
import type { VNode } from 'preact';
import { type ConsoleServices, type ConsoleWorld, consoleServices } from './data/index.ts';

const window = new Window({ url: 'http://localhost:8081/' });
for (const name of [
  'document',
  'location',
  'localStorage',
  'Element',
  'HTMLElement',
  'SVGElement',
  'Event',
  'KeyboardEvent',
  'MouseEvent',
  'MutationObserver',
  'matchMedia',
  'addEventListener',
  'removeEventListener',
  'getComputedStyle',
] as const) {
  const value: unknown = window[name];
  const bound = typeof value === 'function' && !/^[A-Z]/.test(name) ? value.bind(window) : value;
  Object.defineProperty(globalThis, name, { value: bound, configurable: true, writable: true });
}

/** Answers of the cluster: by `METHOD path`, or `path` for GET. A function is asked each time. */
export type FakeAnswers = Record<string, unknown>;

/** What a test refuses a request with. */
export class FakeRefusal {
  readonly status: number;
  readonly message: string;

  constructor(status: number, message: string) {
    this.status = status;
    this.message = message;
  }
}

/** A browser whose time stands still until a test lets it pass. */
export class FakeBrowser implements ConsoleWorld {
  readonly answers: FakeAnswers;
  /** `GET /jobs`, in the order in which they came. */
  readonly asked: string[] = [];
  /** Bodies of what was sent, by `METHOD path`. */
  readonly bodies = new Map<string, unknown>();
  isConnected = true;
  #nowEpochMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  #isVisible = true;
  readonly #timers = new Map<object, { readonly atEpochMs: number; readonly run: () => void }>();
  readonly #visibilityListeners = new Set<() => void>();

  constructor(answers: FakeAnswers = {}) {
    this.answers = answers;
  }

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const path = url.replace(/^\./, '');
    const request = `${init.method ?? 'GET'} ${path}`;
    this.asked.push(request);
    if (typeof init.body === 'string') this.bodies.set(request, JSON.parse(init.body));
    if (!this.isConnected) throw new TypeError('fetch failed');
    const known = this.answers[request] ?? this.answers[path];
    const answer: unknown = typeof known === 'function' ? (known as () => unknown)() : known;
    if (answer === undefined) return refused(404, `Not found: ${path}`);
    if (answer instanceof FakeRefusal) return refused(answer.status, answer.message);
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };

  async upload(
    url: string,
    file: File,
    onProgress: (share: number) => void,
  ): Promise<{ readonly status: number; readonly text: string }> {
    onProgress(0.5);
    this.bodies.set(`UPLOAD ${url.replace(/^\./, '')}`, file.name);
    const response = await this.fetch(url, { method: 'POST' });
    return { status: response.status, text: await response.text() };
  }

  nowEpochMs(): number {
    return this.#nowEpochMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const key = {};
    this.#timers.set(key, { atEpochMs: this.#nowEpochMs + delayMs, run });
    return () => void this.#timers.delete(key);
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  onVisibility(run: () => void): () => void {
    this.#visibilityListeners.add(run);
    return () => void this.#visibilityListeners.delete(run);
  }

  setVisible(isVisible: boolean): void {
    this.#isVisible = isVisible;
    for (const run of this.#visibilityListeners) run();
  }

  /** Lets time pass, and everything happen that is due and that it leads to. */
  async pass(durationMs: number): Promise<void> {
    const untilEpochMs = this.#nowEpochMs + durationMs;
    // A change of the address is told of by a timer of the window.
    if (document.body.childElementCount > 0) await window.happyDOM.waitUntilComplete();
    await settle();
    for (;;) {
      const due = [...this.#timers]
        .filter(([, { atEpochMs }]) => atEpochMs <= untilEpochMs)
        .toSorted(([, a], [, b]) => a.atEpochMs - b.atEpochMs)[0];
      if (due === undefined) break;
      const [key, { atEpochMs, run }] = due;
      this.#timers.delete(key);
      this.#nowEpochMs = Math.max(this.#nowEpochMs, atEpochMs);
      run();
      await settle();
    }
    this.#nowEpochMs = untilEpochMs;
    await settle();
  }
}

function refused(status: number, message: string): Response {
  return new Response(JSON.stringify({ errors: [message] }), { status });
}

/** Answers, effects and redrawings come over a few turns of the event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface ShownPage {
  readonly browser: FakeBrowser;
  readonly services: ConsoleServices;
  readonly root: HTMLElement;
  /** As it is read. */
  text(): string;
  /** The first element that has this text, of those that can be clicked. */
  button(text: string): HTMLElement;
  click(text: string): Promise<void>;
  type(label: string, value: string): Promise<void>;
  close(): void;
}

/** @param page what is rendered within the services. */
export async function showPage(
  answers: FakeAnswers,
  page: (services: ConsoleServices) => VNode,
  hash = '',
): Promise<ShownPage> {
  const { options, render } = await import('preact');
  // Effects run in the next turn, not after the next picture.
  options.requestAnimationFrame = (run) => void setImmediate(run);
  const browser = new FakeBrowser(answers);
  const services = consoleServices(browser);
  location.hash = hash;
  const root = document.createElement('div');
  document.body.append(root);
  render(page(services), root);
  await browser.pass(0);
  const all = <E extends Element>(selector: string): E[] => [...root.querySelectorAll<E>(selector)];
  const button = (text: string): HTMLElement => {
    const found = all<HTMLElement>('button, a, summary').find((element) => {
      const label = element.getAttribute('aria-label') ?? element.textContent ?? '';
      return label.trim() === text || element.textContent?.trim() === text;
    });
    if (found === undefined) throw new Error(`nothing to click is called: ${text}`);
    return found;
  };
  return {
    ...{ browser, services, root, button },
    text: () => (root.textContent ?? '').replaceAll(/\s+/g, ' '),
    click: async (text) => {
      button(text).click();
      await browser.pass(0);
    },
    type: async (label, value) => {
      const input = all<HTMLInputElement>('input, textarea, select').find((element) => {
        const text = element.getAttribute('aria-label') ?? element.closest('label')?.textContent;
        const own = element.id === '' ? undefined : root.querySelector(`[for="${element.id}"]`);
        return text?.trim() === label || own?.textContent?.trim() === label;
      });
      if (input === undefined) throw new Error(`nothing to fill in is called: ${label}`);
      input.value = value;
      input.dispatchEvent(new Event('input', { bubbles: true }));
      input.dispatchEvent(new Event('change', { bubbles: true }));
      await browser.pass(0);
    },
    close: () => {
      render(null, root);
      root.remove();
    },
  };
}
