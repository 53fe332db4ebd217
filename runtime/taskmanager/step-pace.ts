/** Records a task takes in one step however fast they are: what back-pressure can overshoot by. */
export const RECORDS_PER_STEP = 1024;
/** What a step is to take where user functions are slow: barriers and commands wait for it. */
const STEP_MS = 10;

/** How many records a task takes in one step: all it may, or few where each takes long. */
export class StepPace {
  #maxRecords = 1;
  /** In this step. */
  #taken = 0;
  /** In all steps; what a source had to do without a record, as ending a split, counts as one. */
  takenCount = 0;

  get maxRecords(): number {
    return this.#maxRecords;
  }

  took(records: number): void {
    this.#taken += records;
    this.takenCount += records;
  }

  /** A step that took no record says nothing. */
  stepped(stepMs: number): void {
    if (this.#taken === 0) return;
    this.#taken = 0;
    this.#maxRecords = recordsPerStep(this.#maxRecords, stepMs);
  }
}

/** Fewer where a step took long, and twice as many where it did not. Pure. */
export function recordsPerStep(records: number, stepMs: number): number {
  if (stepMs > 2 * STEP_MS) return Math.max(1, Math.floor((records * STEP_MS) / stepMs));
  return stepMs < STEP_MS / 2 ? Math.min(RECORDS_PER_STEP, 2 * records) : records;
}
