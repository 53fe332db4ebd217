export { FunctionEnvironment } from './function-environment.ts';
export {
  type FunctionWorld,
  functionWorld,
  jobFiles,
  reservationsOf,
  stateBlobs,
} from './function-world.ts';
export { functionLogger } from './observe.ts';
