/** What a test of the running job needs. */
export { SPLIT_COUNT } from './events.ts';
export type { Alert } from './job.ts';
export {
  type AlertDifference,
  compareAlerts,
  endIndexesOf,
  endIndexesReached,
  expectedAlerts,
} from './oracle.ts';
