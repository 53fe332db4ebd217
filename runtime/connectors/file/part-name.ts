/** The names of part files; built and read in this file only. */
export interface PartNaming {
  readonly prefix: string;
  /** With its dot. */
  readonly suffix: string;
}

/** `part-<subtask>-<counter><suffix>`: what readers see. */
export function partName(naming: PartNaming, subtaskIndex: number, counter: number): string {
  return `${naming.prefix}-${subtaskIndex}-${counter}${naming.suffix}`;
}

/** Hidden from readers by its dot; of one attempt, so that no two writers share a file. */
export function inProgressName(finalName: string, attempt: number): string {
  return `.${finalName}.inprogress.${attempt}`;
}

/** The subtask and counter of a part file, finished or in progress; undefined: another file. */
export function parsePartName(
  naming: PartNaming,
  name: string,
): { readonly subtaskIndex: number; readonly counter: number } | undefined {
  const visible = name.replace(/^\.(.*)\.inprogress\.\d+$/s, '$1');
  if (!visible.startsWith(`${naming.prefix}-`)) return undefined;
  const match = /^(\d+)-(\d+)(\.|$)/.exec(visible.slice(naming.prefix.length + 1));
  if (match === null) return undefined;
  return { subtaskIndex: Number(match[1]), counter: Number(match[2]) };
}
