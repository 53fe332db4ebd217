/** What a form says of a run, as requests say it. Pure. */

export interface RunOptions {
  readonly entryClass: string;
  readonly parallelism: string;
  /** As on a command line. */
  readonly programArgs: string;
  readonly savepointPath: string;
  readonly allowNonRestoredState: boolean;
  readonly claimMode: 'NO_CLAIM' | 'CLAIM';
  /** Lines of `option: value`. */
  readonly configuration: string;
}

export const NO_OPTIONS: RunOptions = {
  entryClass: '',
  parallelism: '',
  programArgs: '',
  savepointPath: '',
  allowNonRestoredState: false,
  claimMode: 'NO_CLAIM',
  configuration: '',
};

/** Words, by spaces; quoted ones may have spaces in them. */
export function wordsOf(text: string): readonly string[] {
  const words = text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g);
  return [...words].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** @returns the options, or which line is none. */
export function configurationOf(
  text: string,
): { readonly options: Readonly<Record<string, string>> } | { readonly fault: string } {
  const options: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const [, key, value = ''] = /^\s*([\w.-]+)\s*[:=]\s*(.*)$/.exec(line) ?? [];
    if (key === undefined) return { fault: line.trim() };
    options[key] = value.trim();
  }
  return { options };
}

/** @returns what is wrong with them, if something is. */
export function faultOf({ parallelism, configuration }: RunOptions): string | undefined {
  if (parallelism !== '' && !/^[1-9]\d{0,5}$/.test(parallelism)) {
    return 'The parallelism is a whole number from 1 on.';
  }
  const read = configurationOf(configuration);
  return 'fault' in read ? `This is no “option: value”: ${read.fault}` : undefined;
}

/** 32 hex digits that no other job has. */
export function newJobId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The body of `POST /jars/:id/run`, and of what goes before it; without faults.
 *
 * @param jobId makes it happen once.
 */
export function runBody(options: RunOptions, jobId?: string): object {
  const { entryClass, parallelism, savepointPath, allowNonRestoredState, claimMode } = options;
  const read = configurationOf(options.configuration);
  const args = wordsOf(options.programArgs);
  const flinkConfiguration = 'options' in read ? read.options : {};
  return {
    ...(jobId === undefined ? {} : { jobId }),
    ...(entryClass === '' ? {} : { entryClass }),
    ...(parallelism === '' ? {} : { parallelism: Number(parallelism) }),
    ...(args.length === 0 ? {} : { programArgsList: args }),
    ...(savepointPath === '' ? {} : { savepointPath, allowNonRestoredState, claimMode }),
    ...(Object.keys(flinkConfiguration).length === 0 ? {} : { flinkConfiguration }),
  };
}

/** The query of `GET /jars/:id/plan`. */
export function planQuery({ entryClass, parallelism, programArgs }: RunOptions): string {
  const query = new URLSearchParams();
  if (entryClass !== '') query.set('entry-class', entryClass);
  if (parallelism !== '') query.set('parallelism', parallelism);
  const args = wordsOf(programArgs);
  if (args.length > 0) query.set('programArg', args.join(','));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
