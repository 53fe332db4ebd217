/** `sluice/state-processor`: savepoints as data. */
export type {
  BroadcastStateBootstrapContext,
  BroadcastStateBootstrapFunction,
  KeyedStateBootstrapContext,
  KeyedStateBootstrapFunction,
  StateBootstrapContext,
  StateBootstrapFunction,
} from './bootstrap-functions.ts';
export { OperatorIdentifier } from './operator-identifier.ts';
export {
  type KeyedOperatorTransformation,
  type OneInputOperatorTransformation,
  OperatorTransformation,
  StateBootstrapTransformation,
  type WindowedOperatorTransformation,
} from './operator-transformation.ts';
export type {
  KeyedStateReaderFunction,
  KeyedStateReaderFunctionContext,
  RegisteredTimers,
  StateReaderContext,
  WindowReaderContext,
  WindowReaderFunction,
  WindowReaderLike,
} from './reader-functions.ts';
export { SavepointReader } from './savepoint-reader.ts';
export { SavepointWriter } from './savepoint-writer.ts';
export type { WindowSavepointReader } from './window-reader.ts';
