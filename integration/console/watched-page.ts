/**
 * A page of a browser, and everything that goes wrong on it: errors of the console (those of the
 * content security policy among them), uncaught errors, refused requests, requests to elsewhere.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const SCREENSHOTS = fileURLToPath(new URL('./screenshots', import.meta.url));
/** For what the page asks the cluster for, on a machine that does other things, too. */
export const PATIENCE_MS = 20_000;
const WIDTHS = { narrow: 375, usual: 1280, wide: 1920 } as const;
const HEIGHT = 900;
const THEMES = ['light', 'dark'] as const;

export interface WatchOptions {
  /** What may go wrong, as it is told. */
  readonly expected?: readonly RegExp[];
}

export class WatchedPage {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #expected: RegExp[];
  #problems: string[] = [];

  private constructor(context: BrowserContext, page: Page, origin: string, options: WatchOptions) {
    this.#context = context;
    this.page = page;
    this.#expected = [...(options.expected ?? [])];
    page.on('console', (message) => {
      const { url } = message.location();
      if (message.type() === 'error') this.#note(`console: ${message.text()} at ${url}`);
    });
    page.on('pageerror', (error) => this.#note(`uncaught: ${error.stack ?? error.message}`));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? '';
      // Who goes to another page no longer waits.
      if (reason !== 'net::ERR_ABORTED') this.#note(`failed: ${reason} ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#note(`${response.status()}: ${response.url()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) this.#note(`elsewhere: ${url}`);
    });
  }

  /** @param origin `http://host:port`. */
  static async open(
    browser: Browser,
    origin: string,
    options: WatchOptions = {},
  ): Promise<WatchedPage> {
    const viewport = { width: WIDTHS.usual, height: HEIGHT };
    const context = await browser.newContext({
      baseURL: origin,
      viewport,
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new WatchedPage(context, await context.newPage(), origin, options);
  }

  /** From now on. */
  expect(problem: RegExp): void {
    this.#expected.push(problem);
  }

  /** What went wrong since it was asked last; none twice. */
  takeProblems(): readonly string[] {
    const found = [...new Set(this.#problems)];
    this.#problems = [];
    return found;
  }

  /** What keeps people out who do not see, or use no mouse: rules of WCAG 2.2 A and AA. */
  async barriers(): Promise<readonly string[]> {
    // Evaluated by the browser's tools: the page's policy would not let it in.
    await this.page.evaluate(axe.source);
    const violations = await this.page.evaluate(async () => {
      const { axe: engine } = globalThis as unknown as { axe: typeof axe };
      const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
      const { violations: found } = await engine.run({ runOnly: { type: 'tag', values } });
      return found.map(({ id, help, nodes }) => {
        const first = nodes[0];
        return `${id}: ${help} (${nodes.length}) ${first?.html.slice(0, 200)} ${first?.failureSummary ?? ''}`;
      });
    });
    return violations;
  }

  /** In both themes, at three widths; for people to look at. */
  async screenshots(name: string, isReady: () => Promise<unknown>): Promise<void> {
    for (const theme of THEMES) {
      await this.page.emulateMedia({ colorScheme: theme });
      for (const [width, pixels] of Object.entries(WIDTHS)) {
        await this.page.setViewportSize({ width: pixels, height: HEIGHT });
        await isReady();
        const path = join(SCREENSHOTS, `${name}-${theme}-${width}.png`);
        mkdirSync(dirname(path), { recursive: true });
        await this.page.screenshot({ path, fullPage: true });
      }
    }
    await this.page.setViewportSize({ width: WIDTHS.usual, height: HEIGHT });
  }

  /** By how much the page is wider than the window, at the narrowest. */
  async overflowPixels(): Promise<number> {
    await this.page.setViewportSize({ width: WIDTHS.narrow, height: HEIGHT });
    const wide = await this.page.evaluate(async () => {
      const browser = globalThis as unknown as BrowserShape;
      // What watches its own size answers in the frame after the change.
      for (let frame = 0; frame < 2; frame += 1) {
        await new Promise((resolve) => browser.requestAnimationFrame(resolve));
      }
      const { documentElement } = browser.document;
      return documentElement.scrollWidth - documentElement.clientWidth;
    });
    await this.page.setViewportSize({ width: WIDTHS.usual, height: HEIGHT });
    return wide;
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  #note(problem: string): void {
    if (!this.#expected.some((expected) => expected.test(problem))) this.#problems.push(problem);
  }
}

interface BrowserShape {
  readonly document: {
    readonly documentElement: { readonly scrollWidth: number; readonly clientWidth: number };
  };
  requestAnimationFrame(callback: (at: number) => void): number;
}
