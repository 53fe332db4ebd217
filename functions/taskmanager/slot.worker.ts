/** The entry of a slot's thread. */
import { runSlotThread } from '../../runtime/adapters/index.ts';
import * as sluice from '../../runtime/index.ts';

// A bundled job imports `sluice` from here, so that it shares the engine's classes.
Object.assign(globalThis, { [Symbol.for('sluice.api')]: sluice });
await runSlotThread();
