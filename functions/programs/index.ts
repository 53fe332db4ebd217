/** For functions that evaluate programs; apart, because it brings the whole engine with it. */
import { tmpdir } from 'node:os';
import { importBundle, JobPrograms } from '../../runtime/adapters/aws/index.ts';
import * as sluice from '../../runtime/index.ts';
import type { FunctionWorld } from '../shared/index.ts';

/** Programs kept by a process. */
const MAX_PROGRAMS = 32;

/** Loads them from the bucket. */
export function jobPrograms({ objects: blobs }: FunctionWorld): JobPrograms {
  // A bundled job imports `sluice` from here, so that it shares the engine's classes.
  Object.assign(globalThis, { [Symbol.for('sluice.api')]: sluice });
  const importModule = (bytes: Uint8Array): Promise<unknown> => importBundle(tmpdir(), bytes);
  return new JobPrograms({ blobs, importModule, maxPrograms: MAX_PROGRAMS });
}
