/** The cost model: no SDK is loaded with it, so the command line may import it anywhere. */
export { US_EAST_1_PRICES } from '../prices.ts';
export { COST_ASSUMPTIONS, type CostAssumptions, MESSAGE_ENCODING_FACTOR } from './assumptions.ts';
export {
  COST_SERVICES,
  type CostLine,
  type CostReason,
  type CostService,
  type CostUnits,
  mergeLines,
  serviceOf,
  usdByService,
  usdOf,
} from './billed-units.ts';
export {
  COST_DEFAULTS,
  type CostInput,
  MAX_MEMORY_MB,
  MB_PER_SLOT,
  memoryMbOf,
  type OperatorFacts,
} from './cost-input.ts';
export { type CostLayout, costLayout } from './cost-layout.ts';
export {
  type CostEstimate,
  type CostEvents,
  type CostModel,
  costModel,
  countedLines,
  type ExpectedCount,
  estimateCost,
  estimateOf,
  expectedCounts,
  HOURS_A_MONTH,
  sourceRecordsPerS,
} from './cost-model.ts';
export { type CostWarning, type CostWarningCode, costWarnings } from './cost-warnings.ts';
export {
  type BreakEven,
  breakEven,
  MAX_RATE_RECORDS_PER_S,
  managedFlinkUsdPerMonth,
} from './managed-flink.ts';
export { factsOf, sourcesOf } from './operator-traffic.ts';
export { bytesText, durationText, moneyText, percentText } from './quantity-text.ts';
