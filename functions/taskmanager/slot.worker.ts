/** The entry of a slot's thread. */
import { runSlotThread } from '../../runtime/adapters/index.ts';
import * as cep from '../../runtime/cep/index.ts';
import * as sluice from '../../runtime/index.ts';
import * as stateProcessor from '../../runtime/state-processor/index.ts';

// A bundled job imports the engine's modules from here, so that it shares their classes.
Object.assign(globalThis, {
  [Symbol.for('sluice.api')]: sluice,
  [Symbol.for('sluice.cep')]: cep,
  [Symbol.for('sluice.state-processor')]: stateProcessor,
});
await runSlotThread();
