/** Where code of a bundle was written, by its source map. */
import { readFileSync, statSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A place in a script, as V8 tells it: lines and columns from 0. */
export interface ScriptPlace {
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

const COMMENT = /\/\/# sourceMappingURL=(\S+)\s*$/;
const INLINE = /^data:application\/json;(?:charset=[\w-]+;)?base64,/;
/** The map's comment is the last line; maps beyond this are not worth their reading. */
const MAX_SCRIPT_BYTES = 64 * 1024 * 1024;

export class SourceNames {
  /** By URL; undefined: it has none. */
  readonly #maps = new Map<string, SourceMap | undefined>();

  /** `job.ts:12`; empty: V8's own. */
  placeOf({ url, lineNumber, columnNumber }: ScriptPlace): string {
    if (url === '') return '';
    const entry = this.#mapOf(url)?.findEntry(lineNumber, columnNumber);
    const isMapped = entry !== undefined && 'originalSource' in entry;
    const source = isMapped ? entry.originalSource : url;
    const line = isMapped ? entry.originalLine : lineNumber;
    return `${baseName(source)}:${line + 1}`;
  }

  #mapOf(url: string): SourceMap | undefined {
    if (!url.startsWith('file:')) return undefined;
    if (!this.#maps.has(url)) this.#maps.set(url, readMap(url));
    return this.#maps.get(url);
  }
}

function baseName(source: string): string {
  const name = source.slice(source.lastIndexOf('/') + 1);
  return name === '' ? source : name;
}

function readMap(url: string): SourceMap | undefined {
  try {
    const path = fileURLToPath(url);
    if (statSync(path).size > MAX_SCRIPT_BYTES) return undefined;
    const [, target] = COMMENT.exec(readFileSync(path, 'utf8')) ?? [];
    if (target === undefined) return undefined;
    const inline = INLINE.exec(target)?.[0];
    const text =
      inline === undefined
        ? readFileSync(fileURLToPath(new URL(target, url)), 'utf8')
        : Buffer.from(target.slice(inline.length), 'base64').toString('utf8');
    return new SourceMap(JSON.parse(text) as ConstructorParameters<typeof SourceMap>[0]);
  } catch {
    // A name without its place is better than none.
    return undefined;
  }
}
