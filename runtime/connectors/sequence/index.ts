export { type GeneratorSourceOptions, generatorSource } from './generator-source.ts';
export type { IndexSource, IndexSplit } from './index-source.ts';
export { collectionSource, sequenceSource } from './sequence-source.ts';
