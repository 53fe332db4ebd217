/** The entry of a slot's thread. */
import { runSlotWorker } from './adapters/index.ts';
import * as sluice from './index.ts';

// A bundled job imports `sluice` from here, so that it shares the engine's classes.
Object.assign(globalThis, { [Symbol.for('sluice.api')]: sluice });
await runSlotWorker();
