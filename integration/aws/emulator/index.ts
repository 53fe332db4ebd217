export { iam, ROOT_KEY } from './administrator.ts';
export {
  type Address,
  type Emulator,
  type EmulatorOptions,
  type FrontDoor,
  prepareEmulator,
  startEmulator,
} from './emulator.ts';
export type { Invocation } from './invocation-records.ts';
export { EmulatorUnavailable } from './python-environment.ts';
export {
  ProcessFailure,
  type ProcessOptions,
  type ProcessOutput,
  runProcess,
} from './run-process.ts';
