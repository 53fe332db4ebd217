export { FunctionEnvironment } from './function-environment.ts';
export { functionStack } from './function-stack.ts';
export {
  type FunctionWorld,
  functionWorld,
  jobFiles,
  reservationsOf,
  stateBlobs,
} from './function-world.ts';
export { functionLogger, type Observation, type ObservedFunction, observe } from './observe.ts';
export { queueRecordsOf } from './queue-records.ts';
