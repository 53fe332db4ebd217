export { type GeneratorSourceOptions, generatorSource } from './generator-source.ts';
export type { IndexSource } from './index-source.ts';
export type { IndexSplit } from './index-split.ts';
export { collectionSource, sequenceSource } from './sequence-source.ts';
