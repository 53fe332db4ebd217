/** For functions that evaluate programs; apart, because it brings the whole engine with it. */
import { tmpdir } from 'node:os';
import { importBundle, JobPrograms } from '../../runtime/adapters/aws/index.ts';
import * as cep from '../../runtime/cep/index.ts';
import * as sluice from '../../runtime/index.ts';
import * as stateProcessor from '../../runtime/state-processor/index.ts';
import type { FunctionWorld } from '../shared/index.ts';

/** Programs kept by a process. */
const MAX_PROGRAMS = 32;

/** Loads them from the bucket. */
export function jobPrograms({ objects: blobs }: FunctionWorld): JobPrograms {
  // A bundled job imports the engine's modules from here, so that it shares their classes.
  Object.assign(globalThis, {
    [Symbol.for('sluice.api')]: sluice,
    [Symbol.for('sluice.cep')]: cep,
    [Symbol.for('sluice.state-processor')]: stateProcessor,
  });
  const importModule = (bytes: Uint8Array): Promise<unknown> => importBundle(tmpdir(), bytes);
  return new JobPrograms({ blobs, importModule, maxPrograms: MAX_PROGRAMS });
}
