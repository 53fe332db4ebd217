import { nearestName, StreamError } from '../../runtime/core/index.ts';

/** One option of an action, in Flink's notation: `-p,--parallelism <n>`. */
export interface OptionSpec {
  /** Without dashes; one letter or a few. */
  readonly short?: string;
  readonly long: string;
  /** Name of the value; undefined for a flag. */
  readonly argument?: string;
  /** The value may be left out; the option is then among the flags, with no value. */
  readonly optionalArgument?: boolean;
  readonly repeatable?: boolean;
  readonly description: string;
  /** What the value is, for completion. */
  readonly completes?: 'file' | 'directory' | 'job' | 'setting' | readonly string[];
  /** Taken, but not shown in the help. */
  readonly isHidden?: boolean;
  /** Set for options of Flink that this version refuses: the reason. */
  readonly refusal?: string;
}

/** What was given, by the option's long name, and what follows the options. */
export interface ParsedOptions {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/** Where options may stand. */
export interface ParseSettings {
  /**
   * `before`: parsing stops at the first argument that is no option (the job file); what follows
   * is the job's own. `anywhere`: also between and after the arguments.
   *
   * @defaultValue `before`
   */
  readonly options?: 'before' | 'anywhere';
}

/**
 * Parses as Flink's command line does: one or two dashes before a long name, `--opt=value`,
 * `-Dkey=value`, `-p4`, unambiguous beginnings of long names.
 *
 * @see org.apache.commons.cli.DefaultParser, whose texts the messages are.
 * @throws {StreamError} kind `invalid`, code `BAD_ARGUMENTS`.
 */
export function parseOptions(
  specs: readonly OptionSpec[],
  args: readonly string[],
  { options = 'before' }: ParseSettings = {},
): ParsedOptions {
  const flags = new Set<string>();
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  /** @returns how many arguments after it were its value. */
  const take = ({ spec, inline }: FoundOption, token: string, next: string | undefined): number => {
    const { long, short = long, refusal, argument } = spec;
    if (refusal !== undefined) throw badArguments(`The option '${long}' ${refusal}.`);
    if (argument === undefined) {
      if (inline !== undefined) throw badArguments(`Unrecognized option: ${token}`);
      flags.add(long);
      return 0;
    }
    if (spec.optionalArgument === true) {
      flags.add(long);
      if (inline === undefined && (next === undefined || isOptionToken(next))) return 0;
    }
    const value = inline ?? next;
    if (value === undefined || (inline === undefined && /^-[A-Za-z-]/.test(value))) {
      throw badArguments(`Missing argument for option: ${short}`);
    }
    const former = spec.repeatable === true ? (values.get(long) ?? []) : [];
    values.set(long, [...former, value]);
    return inline === undefined ? 1 : 0;
  };
  let at = 0;
  for (; at < args.length; at++) {
    const token = args[at] ?? '';
    if (token === '--') {
      at += 1;
      break;
    }
    if (!isOptionToken(token)) {
      if (options === 'before') break;
      positionals.push(token);
      continue;
    }
    for (const found of findOptions(specs, token)) at += take(found, token, args[at + 1]);
  }
  return { flags, values, rest: [...positionals, ...args.slice(at)] };
}

function isOptionToken(token: string): boolean {
  return token.startsWith('-') && token !== '-';
}

/** An error of the command line itself; printed with the hint to `--help`. */
export function badArguments(message: string): StreamError {
  return new StreamError({ kind: 'invalid', code: 'BAD_ARGUMENTS', message });
}

interface FoundOption {
  readonly spec: OptionSpec;
  /** The value in the same token. */
  readonly inline?: string;
}

/** One option; or several flags of one letter behind one dash, the last of which may take a value. */
function findOptions(specs: readonly OptionSpec[], token: string): readonly FoundOption[] {
  const one = findOption(specs, token);
  const found = one === undefined ? lettersOf(specs, token) : [one];
  if (found !== undefined) return found;
  const name = nameOf(token);
  const nearest = nearestName(
    name,
    specs.filter((s) => s.refusal === undefined && s.isHidden !== true).map((s) => s.long),
  );
  const hint = nearest === undefined ? '' : `; did you mean --${nearest}?`;
  throw badArguments(`Unrecognized option: ${token}${hint}`);
}

function lettersOf(
  specs: readonly OptionSpec[],
  token: string,
): readonly FoundOption[] | undefined {
  if (token.startsWith('--')) return undefined;
  const result: FoundOption[] = [];
  for (let at = 1; at < token.length; at++) {
    const spec = specs.find(({ short }) => short === token[at]);
    if (spec === undefined) return undefined;
    const rest = token.slice(at + 1);
    const takesRest = spec.argument !== undefined && rest !== '';
    result.push(takesRest ? { spec, inline: rest } : { spec });
    if (takesRest) break;
  }
  return result;
}

function nameOf(token: string): string {
  const body = token.replace(/^--?/, '');
  const equals = body.indexOf('=');
  return equals < 0 ? body : body.slice(0, equals);
}

function findOption(specs: readonly OptionSpec[], token: string): FoundOption | undefined {
  const body = token.replace(/^--?/, '');
  const name = nameOf(token);
  const attached = name === body ? {} : { inline: body.slice(name.length + 1) };
  const exact = specs.find((spec) => spec.short === name || spec.long === name);
  if (exact !== undefined) return { spec: exact, ...attached };
  const begun = specs.filter(({ long }) => name !== '' && long.startsWith(name));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return { spec: only, ...attached };
  if (begun.length > 1) {
    const could = begun.map(({ long }) => `'${long}'`).join(', ');
    throw badArguments(`Ambiguous option: '${token}'  (could be: ${could})`);
  }
  if (token.startsWith('--')) return undefined;
  // `-Dkey=value` and `-p4`: a short name with its value attached.
  const short = specs.find(
    (spec) => spec.argument !== undefined && body.startsWith(spec.short ?? '\0'),
  );
  if (short?.short === undefined) return undefined;
  return { spec: short, inline: body.slice(short.short.length) };
}

/** Whether `--json` was given, however wrong the rest is. */
export function asksForJson(
  specs: readonly OptionSpec[],
  args: readonly string[],
  { options = 'before' }: ParseSettings = {},
): boolean {
  for (let at = 0; at < args.length; at++) {
    const token = args[at] ?? '';
    if (token === '--') return false;
    if (!isOptionToken(token)) {
      if (options === 'before') return false;
      continue;
    }
    const name = nameOf(token);
    if (name === 'json') return specs.some(({ long }) => long === 'json');
    const spec = specs.find(({ short, long }) => short === name || long === name);
    const takesNext = spec?.argument !== undefined && spec.optionalArgument !== true;
    if (takesNext && !token.includes('=')) at += 1;
  }
  return false;
}
