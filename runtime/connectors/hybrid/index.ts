export { HybridSource, HybridSourceBuilder, type SourceInChain } from './hybrid-source.ts';
export type { HybridSourceEnumeratorState, HybridSourceSplit } from './hybrid-split.ts';
export type { HybridSourceFactory, SourceSwitchContext } from './switched-sources.ts';
