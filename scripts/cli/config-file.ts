import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  type ConfigEntry,
  Configuration,
  type ConfigValue,
  StreamError,
} from '../../runtime/core/index.ts';

const FILE_NAME = 'sluice.config.yaml';

/** Where to look for the configuration file; a directory that was named must hold one. */
export interface ConfigPlace {
  readonly cwd: string;
  /** `--config-dir`, else `SLUICE_CONF_DIR`. */
  readonly configDir?: string;
}

/**
 * The settings of `sluice.config.yaml`, nested or flat; nothing when there is no file.
 *
 * @throws {StreamError} kind `invalid`: `CONFIG_FILE_NOT_FOUND` in a directory that was named,
 * `CONFIG_FILE_MALFORMED` with the line, and what {@link Configuration.fromEntries} refuses.
 */
export async function loadConfigFile(place: ConfigPlace): Promise<Configuration> {
  const folder = place.configDir ?? place.cwd;
  const path = join(folder, FILE_NAME);
  if (!existsSync(path) || !statSync(path).isFile()) {
    if (place.configDir === undefined) return Configuration.EMPTY;
    throw new StreamError({
      kind: 'invalid',
      code: 'CONFIG_FILE_NOT_FOUND',
      message: `the configuration directory holds no ${FILE_NAME}: directory=${folder}`,
      details: { directory: folder },
    });
  }
  const shown = relative(place.cwd, path);
  return Configuration.fromEntries(await parseConfig(readFileSync(path, 'utf8'), shown));
}

/**
 * The entries of a YAML text, with `name:line` as their origin.
 *
 * @throws {StreamError} kind `invalid`, code `CONFIG_FILE_MALFORMED`.
 */
export async function parseConfig(text: string, name: string): Promise<ConfigEntry[]> {
  // Loaded only where there is a file: the library costs more than the rest of the start.
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const originAt = (offset: number): string => `${name}:${lines.linePos(offset).line}`;
  const [error] = document.errors;
  if (error !== undefined) {
    throw malformed(originAt(error.pos[0]), error.message.split('\n')[0] ?? '');
  }
  const entries: ConfigEntry[] = [];
  const visit = (node: unknown, path: readonly string[]): void => {
    if (!isMap(node)) throw malformed(name, 'expected a map of options');
    for (const pair of node.items) {
      const range = isScalar(pair.key) ? pair.key.range : undefined;
      const origin = originAt(range?.[0] ?? 0);
      if (!isScalar(pair.key)) throw malformed(origin, 'an option name is a text');
      const key = [...path, String(pair.key.value)];
      if (isMap(pair.value)) visit(pair.value, key);
      else entries.push({ key: key.join('.'), value: configValueOf(pair.value), origin });
    }
  };
  const configValueOf = (node: unknown): ConfigValue => {
    if (typeof node !== 'object' || node === null || !('toJS' in node)) return null;
    return (node as { toJS: (doc: unknown) => ConfigValue }).toJS(document);
  };
  if (document.contents !== null) visit(document.contents, []);
  return entries;
}

function malformed(origin: string, reason: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'CONFIG_FILE_MALFORMED',
    message: `${origin} is not a valid configuration: ${reason}`,
    details: { origin },
  });
}
