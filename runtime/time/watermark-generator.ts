/** Where a generator sends what it knows of the progress of event time. */
export interface WatermarkOutput {
  /** A watermark that does not advance is ignored; one that does also marks the output active. */
  emitWatermark(watermarkMs: number): void;
  /** Nothing is expected for a while: downstream stops waiting for this output. */
  markIdle(): void;
  markActive(): void;
}

/** Derives watermarks from events, at each of them or periodically. */
export interface WatermarkGenerator<T> {
  /** After the event went on; a watermark emitted here follows it at once. */
  onEvent(event: T, timestampMs: number, output: WatermarkOutput): void;
  /** Every `pipeline.auto-watermark-interval`. */
  onPeriodicEmit(output: WatermarkOutput): void;
  /**
   * False: time alone changes what it emits, so that a job may not hibernate yet.
   *
   * @defaultValue true
   */
  isSettled?(): boolean;
}

/** The event time of a record in epoch milliseconds. */
export type TimestampAssigner<T> = (value: T, recordTimestampMs: number) => number;
