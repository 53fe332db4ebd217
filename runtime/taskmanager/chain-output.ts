import { MAX_WATERMARK_MS } from '../core/index.ts';
import type { JobType } from '../graph/index.ts';
import type { Input, Output } from '../operators/index.ts';

/** Takes what an operator emits: a chained operator, or the writer of an edge. */
export type OutputTarget = Omit<Input<unknown>, 'endInput'>;

/** The targets of one operator's output, by main output and side output tag. */
export interface OutputTargets {
  readonly main: OutputTarget[];
  readonly side: Map<string, OutputTarget[]>;
}

/**
 * The output of an operator inside a chain. Targets are added while the chain is built, tail
 * first; from `seal` on they are fixed and the common case of a single target is one call.
 *
 * In BATCH the only watermark is the last: nothing is late, and everything is there before it.
 */
export class ChainOutput implements Output<unknown> {
  readonly #targets: OutputTargets = { main: [], side: new Map() };
  /** Every distinct target, side outputs too: all of them get watermarks. */
  #all: readonly OutputTarget[] = [];
  #only: OutputTarget | undefined;
  #watermarkMs: number | undefined;
  readonly #isBatch: boolean;
  /** Records emitted to the main output. */
  numRecords = 0;
  /** Records emitted to side outputs, whether anybody takes them or not. */
  numSideRecords = 0;

  constructor(jobType: JobType = 'STREAMING') {
    this.#isBatch = jobType === 'BATCH';
  }

  addTarget(target: OutputTarget, sideOutputTag: string | undefined): void {
    if (sideOutputTag === undefined) {
      this.#targets.main.push(target);
      return;
    }
    const targets = this.#targets.side.get(sideOutputTag);
    if (targets === undefined) this.#targets.side.set(sideOutputTag, [target]);
    else targets.push(target);
  }

  seal(): void {
    const { main, side } = this.#targets;
    this.#all = [...new Set([...main, ...[...side.values()].flat()])];
    this.#only = main.length === 1 ? main[0] : undefined;
  }

  /** The newest watermark emitted; undefined before the first. */
  get watermarkMs(): number | undefined {
    return this.#watermarkMs;
  }

  collect(value: unknown, timestampMs: number): void {
    this.numRecords += 1;
    if (this.#only !== undefined) {
      this.#only.processElement(value, timestampMs, -1);
      return;
    }
    for (const target of this.#targets.main) target.processElement(value, timestampMs, -1);
  }

  collectSide(tagId: string, value: unknown, timestampMs: number): void {
    this.numSideRecords += 1;
    const targets = this.#targets.side.get(tagId);
    if (targets === undefined) return;
    for (const target of targets) target.processElement(value, timestampMs, -1);
  }

  emitWatermark(watermarkMs: number): void {
    if (this.#isBatch && watermarkMs !== MAX_WATERMARK_MS) return;
    this.#watermarkMs = watermarkMs;
    for (const target of this.#all) target.processWatermark(watermarkMs);
  }

  emitIdle(idle: boolean): void {
    if (this.#isBatch) return;
    for (const target of this.#all) target.processIdle(idle);
  }
}
