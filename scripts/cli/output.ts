/**
 * What a command says. For people: texts as they come. With `--json`: one document, and nothing
 * else on stdout. Without secrets, both.
 */
import { isStreamError, maskText, maskValue, toStreamError } from '../../runtime/core/index.ts';
import type { ConsoleWorld } from './console-world.ts';
import { type PlaceOptions, userPlace } from './error-text.ts';
import type { ParsedOptions } from './parse-options.ts';

export interface Output {
  readonly isJson: boolean;
  /** A line for people. */
  say(text: string): void;
  /** What came of it, for programs; once. */
  result(document: object): void;
}

export function outputOf({ flags }: ParsedOptions, { stdout }: ConsoleWorld): Output {
  const isJson = flags.has('json');
  return {
    isJson,
    say: (text) => void (isJson || stdout.write(`${maskText(text)}\n`)),
    result: (document) => void (isJson && stdout.write(jsonText(maskValue(document) as object))),
  };
}

/** As every document is written. */
export function jsonText(document: object): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const MAX_CAUSES = 5;

/** An error as a document: `{ error: { code, message, kind, at, details, causes } }`. */
export function errorDocument(thrown: unknown, places: PlaceOptions): object {
  const { code, message, kind, details, cause } = toStreamError(thrown);
  const causes: object[] = [];
  for (let next = cause; next instanceof Error && causes.length < MAX_CAUSES; next = next.cause) {
    const known = isStreamError(next) ? { code: next.code } : {};
    causes.push({ ...known, message: next.message });
  }
  const place = userPlace(thrown, places);
  const at = place === undefined ? {} : { at: place };
  return { error: { code, message, kind, ...at, details, causes } };
}
