/** Writes down what pages in a browser ask their cluster for. */
import type { Page, Request } from 'playwright-core';
import { type ExchangeShape, named, shapeOf } from './recorded-exchanges.ts';

/** Files of the dashboard itself. */
const STATIC = /^\/flink\/(?:$|assets\/|static\/)|\.(?:js|css|html|ico|svg|png|woff2?|ttf|json)$/;
/** Of the headers, those that change what a server does. */
const KEPT_HEADERS: readonly string[] = ['accept', 'content-type'];

export class PageRecorder {
  /** Names, and what they stand for here. */
  readonly #values: Record<string, string>;
  readonly #exchanges: Promise<ExchangeShape | undefined>[] = [];

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = { ...values };
  }

  watch(page: Page): void {
    page.on('requestfinished', (request) => {
      const { pathname } = new URL(request.url());
      if (!/^https?:/.test(request.url()) || STATIC.test(pathname)) return;
      // Its page may be closed before its text is read.
      this.#exchanges.push(this.#recorded(request).catch(() => undefined));
    });
  }

  /** Of requests that were sent again and again the last. */
  async take(): Promise<readonly ExchangeShape[]> {
    const all = (await Promise.all(this.#exchanges)).filter((one) => one !== undefined);
    return [...new Map(all.map((one) => [`${one.method} ${one.path}`, one])).values()];
  }

  async #recorded(request: Request): Promise<ExchangeShape> {
    const response = await request.response();
    const text = (await response?.text()) ?? '';
    const isUpload = (request.headers()['content-type'] ?? '').startsWith('multipart/');
    const isJson = (response?.headers()['content-type'] ?? '').includes('json');
    const answer: unknown = isJson ? JSON.parse(text) : text;
    this.#learn(answer);
    const { pathname, search } = new URL(request.url());
    const headers = Object.entries(request.headers()).filter(([name]) => {
      return KEPT_HEADERS.includes(name) && !(isUpload && name === 'content-type');
    });
    return {
      method: request.method(),
      path: named(pathname + search, this.#values).replace(/(details\/)\d+/, '$1{checkpoint}'),
      headers: Object.fromEntries(headers),
      body: isUpload ? '{upload}' : named(request.postData() ?? '', this.#values),
      status: response?.status() ?? 0,
      shape: isJson ? shapeOf(answer) : 'text',
    };
  }

  /** What the page itself has made. */
  #learn(answer: unknown): void {
    const { filename, jobid } = (answer ?? {}) as { filename?: string; jobid?: string };
    if (filename !== undefined) this.#values.jar = filename.split('/').at(-1) ?? '';
    if (jobid !== undefined) this.#values.submitted = jobid;
  }
}
