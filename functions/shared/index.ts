export {
  type FunctionWorld,
  functionWorld,
  reservationsOf,
  stateBlobs,
} from './function-world.ts';
