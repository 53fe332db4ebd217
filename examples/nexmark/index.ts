/** What tests and benchmarks of other folders use of Nexmark. Not part of any job. */
export { DEFAULT_GENERATOR_CONFIG } from './generator/config.ts';
export { nexmarkGenerator } from './generator/generator.ts';
