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
  return windows.evictor(CountEvictor.of(size)).trigger(CountTrigger.of(slide));
}
