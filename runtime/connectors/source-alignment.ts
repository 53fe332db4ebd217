/**
 * Keeps one subtask of a source in step with the others of its group: says how far it is, and holds
 * back what is ahead of what the JobMaster allows.
 *
 * I1  How far it is: the lowest watermark of the splits that were begun and are not idle. Splits
 *     that wait for their turn say nothing: a reader that reads one after the other would wait for
 *     those it has not begun.
 * I2  The subtask waits when all it may read is ahead. A split alone waits only beside others, and
 *     only in a reader that can do so.
 *     Neither becomes idle by it.
 * I3  It says how far it is when that has changed, or while it waits; each word is answered. So one
 *     that is in step costs a word an interval, and none when nothing comes.
 *
 * @see Flink `SourceOperator#checkWatermarkAlignment`
 */
import { MAX_WATERMARK_MS, MIN_TIMESTAMP_MS, StreamError } from '../core/index.ts';
import type { OperatorContext } from '../operators/index.ts';
import type { SourceAlignmentRecord } from '../protocol/index.ts';
import type { WatermarkAlignment } from '../time/index.ts';
import { Availability } from './availability.ts';
import type { SourceReader } from './source.ts';
import type { SourceOutput } from './source-output.ts';

export interface SourceAlignmentParts {
  readonly alignment: WatermarkAlignment;
  readonly reader: Pick<SourceReader<unknown, unknown>, 'pauseOrResumeSplits'>;
  readonly output: Pick<
    SourceOutput<unknown>,
    'begunSplits' | 'isIdle' | 'pause' | 'pauseOrResumeSplits' | 'resume' | 'watermarks'
  >;
  readonly ctx: Pick<
    OperatorContext,
    'allowUnalignedSplits' | 'metrics' | 'operatorName' | 'processingTime' | 'sendToCoordinator'
  >;
}

export class SourceAlignment {
  readonly #parts: SourceAlignmentParts;
  readonly #moved = new Availability();
  #maxWatermarkMs = MAX_WATERMARK_MS;
  /** Undefined: nothing was said. */
  #saidMs: number | null | undefined;
  #waits = false;
  #paused: ReadonlySet<string> = new Set();
  #cancel: (() => void) | undefined;

  constructor(parts: SourceAlignmentParts) {
    this.#parts = parts;
    parts.ctx.metrics.gauge('watermarkAlignmentDrift', () => this.#driftMs());
  }

  open(): void {
    const { processingTime } = this.#parts.ctx;
    const { updateIntervalMs } = this.#parts.alignment;
    const say = (): void => {
      this.#say();
      this.open();
    };
    // While it waits something is due at once: see `idleUntilEpochMs` of the operator.
    const matters = (): boolean => false;
    const atMs = processingTime.nowEpochMs() + updateIntervalMs;
    this.#cancel = processingTime.schedule(atMs, say, matters);
  }

  allow(maxWatermarkMs: number): void {
    this.#maxWatermarkMs = maxWatermarkMs;
    this.#moved.notify();
  }

  /** Before each poll: whether the reader may be polled, and which of its splits (I2). */
  mayPoll(): boolean {
    const { output } = this.#parts;
    const splits = output.begunSplits();
    const ahead = [...splits].filter(([, watermarkMs]) => watermarkMs > this.#maxWatermarkMs);
    this.#waits = ahead.length > 0 && ahead.length === splits.size;
    if (this.#waits) output.pause();
    else {
      output.resume();
      this.#pause(new Set(ahead.map(([splitId]) => splitId)));
    }
    return !this.#waits;
  }

  get waits(): boolean {
    return this.#waits;
  }

  /** Resolves when more may be allowed. */
  wait(): Promise<void> {
    return this.#moved.wait();
  }

  /** All is read: it holds nobody back any more. */
  end(): void {
    this.close();
    this.#send(MAX_WATERMARK_MS);
  }

  close(): void {
    this.#cancel?.();
    this.#waits = false;
    this.#moved.notify();
  }

  facts(): SourceAlignmentRecord {
    const { group, maxDriftMs } = this.#parts.alignment;
    const limit = this.#maxWatermarkMs;
    return {
      ...{ group, maxDriftMs, waits: this.#waits, pausedSplitCount: this.#paused.size },
      ...(limit === MAX_WATERMARK_MS ? {} : { maxWatermarkMs: limit }),
    };
  }

  /** How far it is ahead of the lowest of its group; 0 as long as nobody knows. */
  #driftMs(): number {
    const reachedMs = reachedBy(this.#parts.output);
    if (this.#maxWatermarkMs === MAX_WATERMARK_MS || reachedMs === MIN_TIMESTAMP_MS) return 0;
    return Math.max(0, reachedMs - (this.#maxWatermarkMs - this.#parts.alignment.maxDriftMs));
  }

  /** I3. */
  #say(): void {
    const { output } = this.#parts;
    const reachedMs = output.isIdle ? null : reachedBy(output);
    if (this.#waits || this.#paused.size > 0 || reachedMs !== this.#saidMs) this.#send(reachedMs);
  }

  #send(watermarkMs: number | null): void {
    this.#saidMs = watermarkMs;
    this.#parts.ctx.sendToCoordinator({ type: 'watermark', watermarkMs });
  }

  #pause(ahead: ReadonlySet<string>): void {
    const pause = [...ahead].filter((splitId) => !this.#paused.has(splitId));
    const resume = [...this.#paused].filter((splitId) => !ahead.has(splitId));
    if (pause.length === 0 && resume.length === 0) return;
    const { reader, output, ctx } = this.#parts;
    if (reader.pauseOrResumeSplits !== undefined) {
      reader.pauseOrResumeSplits(pause, resume);
      output.pauseOrResumeSplits(pause, resume);
    } else if (!ctx.allowUnalignedSplits) throw splitsNotPausable(ctx.operatorName, pause);
    this.#paused = ahead;
  }
}

/** I1. */
function reachedBy(output: SourceAlignmentParts['output']): number {
  const splits = output.begunSplits();
  return splits.size === 0 ? output.watermarks().reachedMs : Math.min(...splits.values());
}

function splitsNotPausable(operatorName: string, splitIds: readonly string[]): StreamError {
  const option = 'pipeline.watermark-alignment.allow-unaligned-source-splits';
  return new StreamError({
    kind: 'user',
    code: 'SPLITS_NOT_PAUSABLE',
    message: `the reader of ${operatorName} cannot pause single splits, and some of those it reads are too far ahead of its watermark alignment group: give the reader pauseOrResumeSplits, or set ${option}=true; then its splits are not aligned with each other; splits=${splitIds.join(',')}`,
    details: { operatorName, splitIds: splitIds.join(',') },
  });
}
