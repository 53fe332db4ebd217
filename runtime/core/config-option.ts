import { parseDurationMs } from './duration.ts';
import { parseMemoryBytes } from './memory-size.ts';

/** What a setting may be written as. Lists are read, and refused where no option takes them. */
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[];

/** One option: its name in Flink, its type, its default. Made by the functions of this file. */
export interface ConfigOption<T> {
  readonly key: string;
  /** Older or other names, accepted and translated. */
  readonly aliases: readonly string[];
  /** undefined: the option has no default. */
  readonly defaultValue: T;
  readonly description: string;
  /** Completes "expected …". */
  readonly expected: string;
  /** undefined: the value is malformed. */
  readonly parse: (value: ConfigValue) => Exclude<T, undefined> | undefined;
}

interface OptionInit<T> {
  readonly key: string;
  readonly aliases?: readonly string[];
  readonly defaultValue: T;
  readonly description: string;
}

/** An integer of at least `min` and at most `max` (both inclusive); `also` are further values. */
export function integerOption(
  init: OptionInit<number> & {
    readonly min: number;
    readonly max: number;
    readonly also?: readonly number[];
  },
): ConfigOption<number> {
  const { min, max, also = [] } = init;
  const further = also.length === 0 ? '' : `, or ${also.join(', ')}`;
  return option(init, `an integer from ${min} to ${max}${further}`, (value) => {
    const number = typeof value === 'string' && /^\s*[-+]?\d+\s*$/.test(value) ? +value : value;
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined;
    return (number >= min && number <= max) || also.includes(number) ? number : undefined;
  });
}

/** `true` or `false`. */
export function booleanOption(init: OptionInit<boolean>): ConfigOption<boolean> {
  return option(init, 'true or false', (value) => {
    const text = String(value).trim().toLowerCase();
    return text === 'true' ? true : text === 'false' ? false : undefined;
  });
}

/** Any text. */
export function stringOption<T extends string | undefined>(init: OptionInit<T>): ConfigOption<T> {
  return option<T>(init, 'a text', (value) =>
    typeof value === 'object' ? undefined : (String(value) as Exclude<T, undefined>),
  );
}

/** A number of at least `min` and at most `max`, both inclusive. */
export function numberOption(
  init: OptionInit<number> & { readonly min: number; readonly max: number },
): ConfigOption<number> {
  const { min, max } = init;
  return option(init, `a number from ${min} to ${max}`, (value) => {
    const isText = typeof value === 'string' && /^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$/.test(value);
    const number = isText ? Number(value) : value;
    return typeof number === 'number' && number >= min && number <= max ? number : undefined;
  });
}

/** A duration, held in milliseconds. */
export function durationOption<T extends number | undefined = number>(
  init: OptionInit<T>,
): ConfigOption<T> {
  const expected = "a duration such as '10 s', '100 ms' or '5 min', or a number of milliseconds";
  return option(init, expected, (value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    try {
      return parseDurationMs(value) as Exclude<T, undefined>;
    } catch {
      return undefined;
    }
  });
}

/** An amount of memory of at least `minBytes`, held in bytes. */
export function memoryOption(
  init: OptionInit<number> & { readonly minBytes: number },
): ConfigOption<number> {
  const atLeast = `${init.minBytes / 1024} kb`;
  const expected = `a size such as '128 mb' or '64 kb', or a number of bytes, at least ${atLeast}`;
  return option(init, expected, (value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    try {
      const sizeBytes = parseMemoryBytes(value);
      return sizeBytes >= init.minBytes ? sizeBytes : undefined;
    } catch {
      return undefined;
    }
  });
}

/** One of a closed set of words, in any case; `note` is added to what a refusal says. */
export function enumOption<const T extends string, D extends T | undefined = T>(
  init: OptionInit<D> & { readonly values: readonly T[]; readonly note?: string },
): ConfigOption<T | D> {
  const { values, note } = init;
  const expected = values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
  return option<T | D>(init, note === undefined ? expected : `${expected} (${note})`, (value) => {
    const text = String(value).trim().toUpperCase().replaceAll('-', '_');
    return values.find((candidate) => candidate === text) as Exclude<T | D, undefined> | undefined;
  });
}

function option<T>(
  { key, aliases = [], defaultValue, description }: OptionInit<T>,
  expected: string,
  parse: ConfigOption<T>['parse'],
): ConfigOption<T> {
  return { key, aliases, defaultValue, description, expected, parse };
}
