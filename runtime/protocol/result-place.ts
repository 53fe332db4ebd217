/** The file of what a subtask has stored for one edge. @param attempt of its region. */
export function resultPath(
  directory: string,
  edgeId: number,
  fromSubtask: number,
  attempt: number,
): string {
  return `${directory}/${edgeId}-${fromSubtask}-${attempt}.result`;
}

/** Where a job in BATCH keeps what goes over its blocking edges. Plain JSON. */
export interface ResultPlace {
  /** Of the job alone; deleted with it. */
  readonly directory: string;
  /** By region whose results are read: the attempt that has stored them. */
  readonly attempts: Readonly<Record<number, number>>;
}
