/**
 * The files of a web page, below a directory.
 *
 * I1  What is served was found in the directory when it was opened: requests are looked up by their
 *     whole path, and never become part of one. Links and hidden files are not followed.
 * I2  What has its hash in its name is kept by browsers for good; everything else is asked for anew
 *     each time, and answered without content when it is the same.
 * I3  Of what stands inline, only that of the index runs, as it was when it was opened.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { StreamError } from '../../core/index.ts';
import { pageHeaders } from '../http/index.ts';
import { reasonOf } from '../store-errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=UTF-8',
  '.html': 'text/html; charset=UTF-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=UTF-8',
  '.json': 'application/json; charset=UTF-8',
  '.map': 'application/json; charset=UTF-8',
  '.mjs': 'text/javascript; charset=UTF-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=UTF-8',
  '.wasm': 'application/wasm',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};
const INDEX = '/index.html';

type Headers = Readonly<Record<string, string>>;

export interface PageFile {
  readonly type: string;
  readonly content: Uint8Array;
  /** I2. */
  readonly etag: string;
  /** Of every answer, over those of content. */
  readonly headers: Headers;
}

/** How the files of a directory are told to browsers. */
export interface PagePolicy {
  readonly headers: Headers;
  /** I2: a path's beginning. @defaultValue none */
  readonly hashedBelow?: `/${string}/`;
}

export class PageFiles {
  /** Paths on the disk by path of the request. */
  readonly #paths: ReadonlyMap<string, string>;
  readonly #policy: PagePolicy;

  private constructor(paths: ReadonlyMap<string, string>, policy: PagePolicy) {
    this.#paths = paths;
    this.#policy = policy;
  }

  /**
   * I1, I3.
   *
   * @param policy @defaultValue that of pages which we do not know
   * @throws {StreamError} `NO_WEB_PAGES`: there is no index.html.
   */
  static async open(directory: string, policy?: PagePolicy): Promise<PageFiles> {
    const paths = new Map<string, string>();
    let index = '';
    try {
      index = await readFile(join(directory, INDEX), 'utf8');
      for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
        const path = join(entry.parentPath, entry.name);
        const name = `/${relative(directory, path).split(sep).join('/')}`;
        if (entry.isFile() && !name.includes('/.')) paths.set(name, path);
      }
    } catch (thrown) {
      throw noWebPages(directory, thrown);
    }
    return new PageFiles(paths, policy ?? { headers: pageHeaders(inlineHashes(index)) });
  }

  /** Whether there is a file for a path, decoded: `/` is the index. */
  has(path: string): boolean {
    return this.#paths.has(path === '/' ? INDEX : path);
  }

  /** Undefined: there is none, or it has gone. */
  async read(path: string): Promise<PageFile | undefined> {
    const file = this.#paths.get(path === '/' ? INDEX : path);
    if (file === undefined) return undefined;
    try {
      const type = TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
      const content = await readFile(file);
      const digest = createHash('sha256').update(content).digest('base64url').slice(0, 27);
      return { type, content, etag: `"${digest}"`, headers: this.#headersOf(path) };
    } catch {
      return undefined;
    }
  }

  /** I2. */
  #headersOf(path: string): Headers {
    const { headers, hashedBelow } = this.#policy;
    if (hashedBelow === undefined || !path.startsWith(hashedBelow)) return headers;
    return { ...headers, 'cache-control': 'public, max-age=31536000, immutable' };
  }
}

/** I3: handlers in attributes, and scripts without a source. */
function inlineHashes(html: string): readonly string[] {
  const handlers = [...html.matchAll(/\son[a-z]+="([^"]*)"/g)];
  const scripts = [...html.matchAll(/<script>([^<]*)<\/script>/g)];
  const texts = new Set([...handlers, ...scripts].map(([, text = '']) => text));
  return [...texts].map((text) => {
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  });
}

function noWebPages(directory: string, cause: unknown): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_WEB_PAGES',
    message:
      'web.ui.dir is no directory with an index.html; of Flink, it is the folder web/ of ' +
      `flink-runtime-web's jar: directory=${directory} reason=${reasonOf(cause)}`,
    details: { directory },
    cause,
  });
}
