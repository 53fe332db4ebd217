import {
  CountEvictor,
  CountTrigger,
  type Evictor,
  PurgingTrigger,
  positiveCount,
  type Trigger,
} from '../windowing/index.ts';

interface TriggeredStream<T> {
  trigger(trigger: Trigger<T>): this;
  evictor(evictor: Evictor<T>): this;
}

/**
 * Makes global windows fire by count. Without a slide a window holds nothing once it fired.
 *
 * @param where the call it is for.
 */
export function asCountWindows<T, S extends TriggeredStream<T>>(
  windows: S,
  where: string,
  size: number,
  slide: number | undefined,
): S {
  positiveCount(where, 'size', size);
  if (slide === undefined) return windows.trigger(PurgingTrigger.of(CountTrigger.of(size)));
  positiveCount(where, 'slide', slide);
  const evictor = CountEvictor.of(size);
  evictorsOfCountWindows.add(evictor);
  return windows.evictor(evictor).trigger(CountTrigger.of(slide));
}

/** What makes a window slide by count is no setting of the user's. */
const evictorsOfCountWindows = new WeakSet<object>();

export function isOfCountWindows(evictor: Evictor<never>): boolean {
  return evictorsOfCountWindows.has(evictor);
}
