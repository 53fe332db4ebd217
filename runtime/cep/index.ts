/** `sluice/cep`: patterns of events. */
export { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
export type { EventComparator } from './cep-operator.ts';
export type { ConditionLike, IterativeCondition, IterativeContext } from './conditions.ts';
export type { PatternMatch } from './nfa.ts';
export { Pattern, type WithinType } from './pattern.ts';
export type {
  PatternFlatSelect,
  PatternFlatTimeout,
  PatternProcessContext,
  PatternProcessFunction,
  PatternProcessLike,
  PatternSelect,
  PatternTimeout,
  TimedOutPartialMatchHandler,
} from './pattern-functions.ts';
export { CEP, PatternStream } from './pattern-stream.ts';
