import { type Duration, parseDurationMs, StreamError } from '../core/index.ts';
import type { TimestampAssigner, WatermarkGenerator } from './watermark-generator.ts';
import {
  BoundedOutOfOrdernessWatermarks,
  NoWatermarks,
  WatermarksWithIdleness,
} from './watermark-generators.ts';

/** As in Flink. */
const DEFAULT_UPDATE_INTERVAL_MS = 1000;

/** Sources of a job that wait for each other. */
export interface WatermarkAlignment {
  /** Sources that name the same group wait for each other, and subtasks and splits of each. */
  readonly group: string;
  /** How far ahead of the slowest of the group one may be. */
  readonly maxDriftMs: number;
  /** How often a source says how far it is. */
  readonly updateIntervalMs: number;
}

interface Settings<T> {
  readonly createGenerator: () => WatermarkGenerator<T>;
  readonly timestampAssigner?: TimestampAssigner<T>;
  readonly idlenessMs?: number;
  readonly alignment?: WatermarkAlignment;
  readonly makesWatermarks?: boolean;
}

/**
 * How a stream gets its timestamps and watermarks. Immutable: the `with…` methods return another
 * strategy.
 */
export class WatermarkStrategy<T> {
  readonly #settings: Settings<T>;

  private constructor(settings: Settings<T>) {
    this.#settings = settings;
  }

  get timestampAssigner(): TimestampAssigner<T> | undefined {
    return this.#settings.timestampAssigner;
  }

  /** Undefined: never idle. */
  get idlenessMs(): number | undefined {
    return this.#settings.idlenessMs;
  }

  /** Undefined: it waits for nobody. */
  get alignment(): WatermarkAlignment | undefined {
    return this.#settings.alignment;
  }

  /** False: none but the one at the end of the input. */
  get makesWatermarks(): boolean {
    return this.#settings.makesWatermarks ?? true;
  }

  /** For timestamps that never go down within a split or subtask. */
  static forMonotonousTimestamps<T>(): WatermarkStrategy<T> {
    return WatermarkStrategy.forBoundedOutOfOrderness<T>(0);
  }

  /**
   * For events at most this much older than the newest before them.
   *
   * @throws {StreamError} kind `invalid`, code `OUT_OF_ORDERNESS_INVALID`, when negative.
   */
  static forBoundedOutOfOrderness<T>(maxOutOfOrderness: Duration): WatermarkStrategy<T> {
    const maxOutOfOrdernessMs = millisecondsOf(maxOutOfOrderness);
    requireMs(
      maxOutOfOrdernessMs >= 0,
      'OUT_OF_ORDERNESS_INVALID',
      'out-of-orderness must be zero or more milliseconds',
      maxOutOfOrdernessMs,
    );
    return WatermarkStrategy.forGenerator(
      () => new BoundedOutOfOrdernessWatermarks<T>(maxOutOfOrdernessMs),
    );
  }

  /** @param create makes a generator for each split and subtask. */
  static forGenerator<T>(create: () => WatermarkGenerator<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy({ createGenerator: create });
  }

  /** No watermark but the one at the end of the input. */
  static noWatermarks<T>(): WatermarkStrategy<T> {
    const createGenerator = (): WatermarkGenerator<T> => new NoWatermarks<T>();
    return new WatermarkStrategy({ createGenerator, makesWatermarks: false });
  }

  /** Takes timestamps from the records instead of from the source. */
  withTimestampAssigner(assigner: TimestampAssigner<T>): WatermarkStrategy<T> {
    return new WatermarkStrategy({ ...this.#settings, timestampAssigner: assigner });
  }

  /**
   * A split or subtask without events for longer than this no longer holds back the others.
   *
   * @throws {StreamError} kind `invalid`, code `IDLENESS_INVALID`, when zero or negative.
   */
  withIdleness(idleness: Duration): WatermarkStrategy<T> {
    const idlenessMs = millisecondsOf(idleness);
    requireMs(
      idlenessMs > 0,
      'IDLENESS_INVALID',
      'idleness must be more than zero milliseconds',
      idlenessMs,
    );
    return new WatermarkStrategy({ ...this.#settings, idlenessMs });
  }

  /**
   * Splits, subtasks and sources of one group do not run ahead of its slowest by more than the
   * drift: they pause until it has caught up. So windows and joins hold no more than that in state.
   * How far each is, is known as of the last update only, and a drift of less than what passes
   * between two of them makes sources wait for updates.
   *
   * @param updateInterval how often a source says how far it is
   * @throws {StreamError} kind `invalid`, code `ALIGNMENT_INVALID`: a group without a name, a
   * negative drift, an interval of zero or less.
   * @see Flink `WatermarkStrategy.withWatermarkAlignment`
   */
  withWatermarkAlignment(
    group: string,
    maxAllowedDrift: Duration,
    updateInterval: Duration = DEFAULT_UPDATE_INTERVAL_MS,
  ): WatermarkStrategy<T> {
    const code = 'ALIGNMENT_INVALID';
    if (typeof group !== 'string' || group === '') {
      throw new StreamError({
        kind: 'invalid',
        code,
        message: 'a group of sources whose watermarks are aligned needs a name',
      });
    }
    if (!this.makesWatermarks) {
      throw new StreamError({
        kind: 'invalid',
        code,
        message: 'noWatermarks has no watermarks to align: choose a strategy that makes some',
      });
    }
    const maxDriftMs = millisecondsOf(maxAllowedDrift);
    const updateIntervalMs = millisecondsOf(updateInterval);
    const drift = 'the drift between aligned watermarks must be zero or more milliseconds';
    requireMs(maxDriftMs >= 0, code, drift, maxDriftMs);
    const interval = 'the update interval of watermark alignment must be more than zero ms';
    requireMs(updateIntervalMs > 0, code, interval, updateIntervalMs);
    const alignment = { group, maxDriftMs, updateIntervalMs };
    return new WatermarkStrategy({ ...this.#settings, alignment });
  }

  /** @param monotonicMs the clock that idleness is measured with. */
  createGenerator(monotonicMs: () => number): WatermarkGenerator<T> {
    const { createGenerator, idlenessMs } = this.#settings;
    const generator = createGenerator();
    if (idlenessMs === undefined) return generator;
    return new WatermarksWithIdleness(generator, idlenessMs, monotonicMs);
  }
}

/** Text is parsed, a number is taken as it is: what it may be is the caller's to check. */
function millisecondsOf(duration: Duration): number {
  return typeof duration === 'string' ? parseDurationMs(duration) : duration;
}

function requireMs(condition: boolean, code: string, message: string, valueMs: number): void {
  if (condition && Number.isFinite(valueMs)) return;
  throw new StreamError({
    kind: 'invalid',
    code,
    message: `${message}: valueMs=${String(valueMs)}`,
    details: { valueMs: String(valueMs) },
  });
}
