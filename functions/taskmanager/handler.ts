/** One lease of a TaskManager; invoked by the state machine of a job. */
import { FunctionEnvironment, functionLogger } from '../shared/index.ts';
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

const prefix = new FunctionEnvironment(process.env).text('SLUICE_PREFIX');

export const handler = createLeaseHandler({
  settings: leaseSettings(process.env),
  slotThreadUrl: new URL('./slot.worker.mjs', import.meta.url),
  loggerOf: ({ jobId, attempt, taskManager, lease }) =>
    functionLogger('taskmanager', prefix, { jobId, attempt, taskManager, lease }),
  processStart: {
    nodeMs: performance.nodeTiming.bootstrapComplete,
    loadedMs: performance.now(),
  },
  write: (line) => void process.stdout.write(line),
});
