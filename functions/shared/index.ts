export { FunctionEnvironment } from './function-environment.ts';
export {
  type FunctionWorld,
  functionWorld,
  jobFiles,
  reservationsOf,
  stateBlobs,
} from './function-world.ts';
export { functionLogger, observe } from './observe.ts';
export { queueRecordsOf } from './queue-records.ts';
