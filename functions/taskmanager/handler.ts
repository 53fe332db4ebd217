/** One lease of a TaskManager; invoked by the state machine of a job. */
import { createLeaseHandler } from './lease-handler.ts';
import { leaseSettings } from './lease-settings.ts';

export const handler = createLeaseHandler({
  settings: leaseSettings(process.env),
  slotThreadUrl: new URL('./slot.worker.mjs', import.meta.url),
  write: (line) => void process.stdout.write(line),
});
