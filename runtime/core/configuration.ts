/**
 * Settings, checked on the way in.
 *
 * I1  A Configuration never changes; `merge` and `with` answer a new one.
 * I2  Every key it holds is the current name of an option with an effect, every value is parsed.
 * I3  An error shows no value of an option whose name says that it is secret, and no password.
 */
import {
  OPTIONS_NOT_YET_SUPPORTED,
  PREFIXES_NOT_YET_SUPPORTED,
} from './config-not-yet-supported.ts';
import type { ConfigOption, ConfigValue } from './config-option.ts';
import { OPTIONS_BY_NAME } from './config-options.ts';
import { StreamError } from './errors.ts';
import { isSecretName, MASKED, maskText } from './mask-secrets.ts';
import { nearestName } from './nearest-name.ts';

/** A setting as somebody wrote it. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: ConfigValue;
  /** Where it was written, for error messages: `sluice.config.yaml:3`, `-D`, `env.configure`. */
  readonly origin?: string;
}

/** The settings of a job. Precedence is the order of merging: file, then `-D`, then code. */
export class Configuration {
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /** Nothing set: every option has its default. */
  static readonly EMPTY: Configuration = new Configuration(new Map());

  /**
   * Checks and parses settings; a later entry wins over an earlier one of the same option.
   *
   * @throws {StreamError} kind `invalid`: code `UNKNOWN_OPTION` names the nearest known option,
   * `UNSUPPORTED_OPTION` one that Flink has and this version does not, `MALFORMED_OPTION` says
   * what the option expects.
   */
  static fromEntries(entries: Iterable<ConfigEntry>): Configuration {
    const values = new Map<string, unknown>();
    for (const entry of entries) {
      const option = optionOf(entry);
      values.set(option.key, parsedValue(option, entry));
    }
    return new Configuration(values);
  }

  /** As {@link fromEntries}, of a plain object such as `{ 'parallelism.default': 4 }`. */
  static fromRecord(record: Readonly<Record<string, ConfigValue>>, origin?: string): Configuration {
    return Configuration.fromEntries(
      Object.entries(record).map(([key, value]) =>
        origin === undefined ? { key, value } : { key, value, origin },
      ),
    );
  }

  /** The value that was set, else the option's default. */
  get<T>(option: ConfigOption<T>): T {
    return this.has(option) ? (this.#values.get(option.key) as T) : option.defaultValue;
  }

  has(option: ConfigOption<unknown>): boolean {
    return this.#values.has(option.key);
  }

  /** This configuration, with `value` for `option`. */
  with<T extends ConfigValue | undefined>(
    option: ConfigOption<T>,
    value: Exclude<T, undefined>,
    origin?: string,
  ): Configuration {
    return this.merge(Configuration.fromRecord({ [option.key]: value }, origin));
  }

  /** Both; where both set an option, `stronger` wins. */
  merge(stronger: Configuration): Configuration {
    return new Configuration(new Map([...this.#values, ...stronger.#values]));
  }

  /** As if it had not been set. */
  without(option: ConfigOption<unknown>): Configuration {
    return new Configuration(new Map([...this.#values].filter(([key]) => key !== option.key)));
  }

  /** What was set, sorted by key; read back by {@link fromRecord}. Durations are milliseconds. */
  toJSON(): Record<string, ConfigValue> {
    const entries = [...this.#values] as [string, ConfigValue][];
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function optionOf({ key, origin }: ConfigEntry): ConfigOption<unknown> {
  const option = OPTIONS_BY_NAME.get(key);
  if (option !== undefined) return option;
  const where = origin === undefined ? '' : ` in ${origin}`;
  const inFlink =
    OPTIONS_NOT_YET_SUPPORTED.has(key) ||
    PREFIXES_NOT_YET_SUPPORTED.some((prefix) => key.startsWith(prefix));
  if (inFlink) {
    throw new StreamError({
      kind: 'invalid',
      code: 'UNSUPPORTED_OPTION',
      message: `option '${key}'${where} is known to Flink, not supported yet in this version`,
      details: { key },
    });
  }
  const nearest = nearestName(key, [...OPTIONS_BY_NAME.keys(), ...OPTIONS_NOT_YET_SUPPORTED]);
  const hint =
    nearest === undefined
      ? `; the options are ${[...new Set([...OPTIONS_BY_NAME.values()].map((o) => o.key))].join(', ')}`
      : `; did you mean '${nearest}'?`;
  throw new StreamError({
    kind: 'invalid',
    code: 'UNKNOWN_OPTION',
    message: `unknown option '${key}'${where}${hint}`,
    details: { key, nearest: nearest ?? null },
  });
}

function parsedValue(option: ConfigOption<unknown>, { key, value, origin }: ConfigEntry): unknown {
  const parsed = value === null ? undefined : option.parse(value);
  if (parsed !== undefined) return parsed;
  const where = origin === undefined ? '' : ` in ${origin}`;
  // I3.
  const shown = isSecretName(option.key) ? MASKED : maskText(JSON.stringify(value));
  throw new StreamError({
    kind: 'invalid',
    code: 'MALFORMED_OPTION',
    message: `option '${key}'${where} expects ${option.expected}: value=${shown}`,
    details: { key, value: shown },
  });
}
