/**
 * V8 builds small functions into those that call them, and its profiler does not see them then: a
 * user's function would count as the operator's that calls it. While somebody looks at a flame
 * graph the thread runs code in which every function has a frame of its own.
 *
 * I1  Afterwards all is as before, whatever happened. Looks of several threads at the same time
 *     share the setting, which is the process'.
 */
import { setFlagsFromString } from 'node:v8';
import { passed } from './passed.ts';
import type { InspectedThread } from './thread-inspector.ts';

/** Until hot code is compiled anew. */
const WARM_UP_MS = 300;

let lookCount = 0;

export async function withoutInlining<T>(
  thread: InspectedThread,
  act: () => Promise<T>,
): Promise<T> {
  lookCount += 1;
  if (lookCount === 1) setInlining(false);
  try {
    await dropCompiledCode(thread);
    await passed(WARM_UP_MS);
    return await act();
  } finally {
    // I1.
    lookCount -= 1;
    if (lookCount === 0) setInlining(true);
    await dropCompiledCode(thread).catch(() => undefined);
  }
}

function setInlining(isOn: boolean): void {
  const names = ['turbo-inlining', ...(hasMaglev() ? ['maglev-inlining'] : [])];
  for (const name of names) setFlagsFromString(`--${isOn ? '' : 'no-'}${name}`);
}

/** V8's second compiler. */
function hasMaglev(): boolean {
  return Number(process.versions.v8.split('.')[0]) >= 12;
}

/** Counting calls begins with it, and nothing else does from outside. */
async function dropCompiledCode(thread: InspectedThread): Promise<void> {
  await thread.post('Profiler.enable');
  await thread.post('Profiler.startPreciseCoverage', { callCount: false, detailed: false });
  await thread.post('Profiler.stopPreciseCoverage');
  await thread.post('Profiler.disable');
}
