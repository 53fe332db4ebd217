export { CombinedWatermark } from './combined-watermark.ts';
export {
  InternalTimerService,
  type TimerScheduler,
  type TimerTarget,
} from './internal-timer-service.ts';
export { PausableClock } from './pausable-clock.ts';
export {
  StatusWatermarkValve,
  type ValveOutput,
  type ValveStatus,
} from './status-watermark-valve.ts';
export { EVENT_TIME_TIMERS, PROCESSING_TIME_TIMERS, StoredTimers } from './stored-timers.ts';
export { type Timer, TimerQueue } from './timer-queue.ts';
export type {
  TimestampAssigner,
  WatermarkGenerator,
  WatermarkOutput,
} from './watermark-generator.ts';
export {} from './watermark-generators.ts';
export { WatermarkOutputMultiplexer } from './watermark-output-multiplexer.ts';
export { type WatermarkAlignment, WatermarkStrategy } from './watermark-strategy.ts';
