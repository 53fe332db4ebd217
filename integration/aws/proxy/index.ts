export type { BilledUnits } from './billed-units.ts';
export { billedUnits, messageBytes } from './billed-units.ts';
export { type CallCounts, CallLedger, type OperationCount } from './call-ledger.ts';
export { acceptedAnswer, errorAnswer, messagesAnswer, type OwnAnswer } from './error-answer.ts';
export {
  type ActiveRule,
  type CallPlan,
  FAULTS,
  type Fault,
  type FaultRule,
  FaultRules,
} from './fault-rules.ts';
export { HeldMessages } from './held-messages.ts';
export { type Caller, identifyCall, type JsonObject, type ServiceCall } from './service-call.ts';
