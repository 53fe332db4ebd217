export { flameTree, type NamedStack } from './flame-tree.ts';
export {
  type Inspect,
  type InspectAnswers,
  type InspectRequest,
  type NamedThreadStack,
  ProcessInspector,
  type ThreadStacks,
} from './process-inspector.ts';
export { threadDump } from './thread-dump-text.ts';
export { ThreadRegistry } from './thread-registry.ts';
