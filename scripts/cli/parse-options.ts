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
    const { spec, inline } = findOption(specs, token);
    if (spec.refusal !== undefined) {
      throw badArguments(`The option '${spec.long}' ${spec.refusal}.`);
    }
    if (spec.argument === undefined) {
      if (inline !== undefined) throw badArguments(`Unrecognized option: ${token}`);
      flags.add(spec.long);
      continue;
    }
    if (spec.optionalArgument === true) {
      flags.add(spec.long);
      const next = inline ?? args[at + 1];
      if (next === undefined || (inline === undefined && isOptionToken(next))) continue;
    }
    const value = inline ?? args[++at];
    if (value === undefined || (inline === undefined && /^-[A-Za-z-]/.test(value))) {
      throw badArguments(`Missing argument for option: ${spec.short ?? spec.long}`);
    }
    const former = spec.repeatable === true ? (values.get(spec.long) ?? []) : [];
    values.set(spec.long, [...former, value]);
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

function findOption(specs: readonly OptionSpec[], token: string): FoundOption {
  const body = token.replace(/^--?/, '');
  const equals = body.indexOf('=');
  const name = equals < 0 ? body : body.slice(0, equals);
  const attached = equals < 0 ? {} : { inline: body.slice(equals + 1) };
  const exact = specs.find((spec) => spec.short === name || spec.long === name);
  if (exact !== undefined) return { spec: exact, ...attached };
  const begun = specs.filter(({ long }) => name !== '' && long.startsWith(name));
  const [only] = begun;
  if (only !== undefined && begun.length === 1) return { spec: only, ...attached };
  if (begun.length > 1) {
    const could = begun.map(({ long }) => `'${long}'`).join(', ');
    throw badArguments(`Ambiguous option: '${token}'  (could be: ${could})`);
  }
  // `-Dkey=value` and `-p4`: a short name with its value attached.
  const short = token.startsWith('--')
    ? undefined
    : specs.find((spec) => spec.argument !== undefined && body.startsWith(spec.short ?? '\0'));
  if (short?.short !== undefined) return { spec: short, inline: body.slice(short.short.length) };
  const nearest = nearestName(
    name,
    specs.filter((s) => s.refusal === undefined).map((s) => s.long),
  );
  const hint = nearest === undefined ? '' : `; did you mean --${nearest}?`;
  throw badArguments(`Unrecognized option: ${token}${hint}`);
}
