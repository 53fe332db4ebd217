/**
 * The names of part files; built and read in this file only.
 *
 * I1  No two starts of any jobs that go on from a checkpoint, or again, share a name: an attempt
 *     has one for each lease of a subtask. A first attempt without earlier state takes the counters
 *     that are free in its directory.
 */
export interface PartNaming {
  readonly prefix: string;
  /** With its dot. */
  readonly suffix: string;
}

/** Who writes a part file. */
export interface PartOwner {
  readonly jobId: string;
  readonly attempt: number;
  /** Of the subtask in its attempt. */
  readonly lease: number;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  /** It goes on from a checkpoint, or after a failure. */
  readonly continues: boolean;
}

const JOB_ID_CHARS = 8;

/** `part-<subtask>-<counter>[-<job>-<attempt>[-<lease>]]<suffix>`: what readers see. */
export function partName(naming: PartNaming, owner: PartOwner, counter: number): string {
  const { jobId, subtaskIndex, continues } = owner;
  const run = continues ? `-${jobId.slice(0, JOB_ID_CHARS)}-${startOf(owner)}` : '';
  return `${naming.prefix}-${subtaskIndex}-${counter}${run}${naming.suffix}`;
}

/** Hidden from readers by its dot; of one start, so that no two writers share a file. */
export function inProgressName(finalName: string, owner: PartOwner): string {
  return `.${finalName}.inprogress.${owner.jobId}-${startOf(owner)}`;
}

function startOf({ attempt, lease }: PartOwner): string {
  return lease === 0 ? String(attempt) : `${attempt}-${lease}`;
}

/** The job and attempt that write, or wrote, an in-progress file; undefined: another file. */
export function parseInProgressName(
  name: string,
): { readonly jobId: string; readonly attempt: number } | undefined {
  const match = /^\..*\.inprogress\.([^.-]+)-(\d+)(?:-\d+)?$/s.exec(name);
  return match === null ? undefined : { jobId: match[1] ?? '', attempt: Number(match[2]) };
}

/** The subtask and counter of a part file, finished or in progress; undefined: another file. */
export function parsePartName(
  naming: PartNaming,
  name: string,
): { readonly subtaskIndex: number; readonly counter: number } | undefined {
  const visible = name.replace(/^\.(.*)\.inprogress\.[^.]+$/s, '$1');
  if (!visible.startsWith(`${naming.prefix}-`)) return undefined;
  const match = /^(\d+)-(\d+)(-[^-.]+-\d+(-\d+)?)?(\.|$)/.exec(
    visible.slice(naming.prefix.length + 1),
  );
  if (match === null) return undefined;
  return { subtaskIndex: Number(match[1]), counter: Number(match[2]) };
}
