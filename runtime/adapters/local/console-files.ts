/**
 * The web console's files, as they are served.
 *
 * I1  What is served is what was found when they were loaded: a path is looked up, and never
 *     becomes the name of a file.
 * I2  Assets have their hash in their name and are kept by browsers for good; the page that names
 *     them is asked for anew each time, and answered without content when it is the same.
 * I3  The page loads nothing from elsewhere, and runs nothing that stands inline.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=UTF-8',
  '.html': 'text/html; charset=UTF-8',
  '.js': 'text/javascript; charset=UTF-8',
  '.txt': 'text/plain; charset=UTF-8',
};

/** Of every file. */
export const CONSOLE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** A file, or that it has not changed. */
export interface ConsoleAnswer {
  readonly status: 200 | 304;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Uint8Array;
}

interface StoredFile {
  readonly content: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const INDEX = '/index.html';
const NOTHING = new Uint8Array();

export class ConsoleFiles {
  readonly #files: ReadonlyMap<string, StoredFile>;

  private constructor(files: ReadonlyMap<string, StoredFile>) {
    this.#files = files;
  }

  /** I1. @returns undefined: there is no console in the folder. */
  static async load(folder: string): Promise<ConsoleFiles | undefined> {
    const files = new Map<string, StoredFile>();
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const name = `/${relative(folder, path).split(sep).join('/')}`;
      const content = await readFile(path);
      files.set(name, { content, headers: headersOf(name, type, content) });
    }
    return files.has(INDEX) ? new ConsoleFiles(files) : undefined;
  }

  /**
   * @param path decoded, without the query; `/` is the page.
   * @param ifNoneMatch the header of this name.
   * @returns undefined: it is none of the console's.
   */
  find(method: string, path: string, ifNoneMatch: string | undefined): ConsoleAnswer | undefined {
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    const file = this.#files.get(path === '/' ? INDEX : path);
    if (file === undefined) return undefined;
    const { headers, content } = file;
    const known = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known.includes(headers.etag ?? '')) return { status: 304, headers, content: NOTHING };
    return { status: 200, headers, content: method === 'HEAD' ? NOTHING : content };
  }
}

/** I2. */
function headersOf(name: string, type: string, content: Uint8Array) {
  const isAsset = name.startsWith('/assets/');
  return {
    ...CONSOLE_HEADERS,
    'content-type': type,
    'cache-control': isAsset ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`,
  };
}
