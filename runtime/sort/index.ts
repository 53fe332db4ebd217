export { compareKeys } from './compare-keys.ts';
export {
  ExternalSorter,
  type ExternalSorterOptions,
  type SortedRecords,
} from './external-sorter.ts';
