export {
  type FunctionWorld,
  functionWorld,
  jobFiles,
  reservationsOf,
  stateBlobs,
} from './function-world.ts';
