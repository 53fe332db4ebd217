/** One lease of a TaskManager; invoked by the state machine of a job. */

import type { LeaseAnswer } from '../../runtime/adapters/aws/index.ts';
import { FunctionEnvironment, functionLogger, functionStack } from '../shared/index.ts';
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

const prefix = new FunctionEnvironment(process.env).text('SLUICE_PREFIX');

const observed = functionLogger('taskmanager', prefix);

export const handler = functionStack<unknown, LeaseAnswer>(observed).handler(
  createLeaseHandler({
    settings: leaseSettings(process.env),
    slotThreadUrl: new URL('./slot.worker.mjs', import.meta.url),
    logger: observed.logger,
    processStart: {
      nodeMs: performance.nodeTiming.bootstrapComplete,
      loadedMs: performance.now(),
    },
    write: (line) => void process.stdout.write(line),
  }),
);
