/** Where the bundles of the functions are: beside this module when published, else in `dist`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StreamError } from '../runtime/core/index.ts';
import { FUNCTION_NAMES } from './names.ts';

const PLACES = ['./functions/', '../dist/functions/'] as const;

/**
 * The folder that holds one of each function.
 *
 * @param given what is used if it is complete; otherwise this package's own.
 * @throws {StreamError} `FUNCTIONS_NOT_BUILT`
 */
export function functionsDirectory(given?: string): string {
  const places =
    given === undefined
      ? PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)))
      : [given];
  const found = places.find((place) => missingIn(place).length === 0);
  if (found !== undefined) return found;
  const nearest = places.find(existsSync) ?? places.at(-1) ?? '';
  const missing = missingIn(nearest).join(',');
  throw new StreamError({
    kind: 'invalid',
    code: 'FUNCTIONS_NOT_BUILT',
    message: `bundles of functions are missing: run npm run build:functions missing=${missing}`,
    details: { missing, directory: nearest },
  });
}

function missingIn(directory: string): readonly string[] {
  return FUNCTION_NAMES.filter((name) => !existsSync(join(directory, name, 'index.mjs')));
}
