export {
  type DecidedParallelism,
  decideParallelism,
  type StageLimits,
  type StageSize,
  withParallelism,
} from './adaptive-parallelism.ts';
export { createPartitioner, type PartitionerPlace } from './create-partitioner.ts';
export { type GraphErrorCode, graphError } from './errors.ts';
export {
  buildExecutionGraph,
  type ChannelEnds,
  type ExecutionEdge,
  type ExecutionGraph,
  type ExecutionSubtask,
  type ExecutionVertex,
  mostSlotsAtOnce,
  type RegionPlan,
  requiredSlots,
  type SlotPlan,
} from './execution-graph.ts';
export type {
  ChainedOperator,
  ExchangeKind,
  JobEdge,
  JobGraph,
  JobType,
  JobVertex,
} from './job-graph.ts';
export {
  generateJobGraph,
  verticesOfDerivedMaxParallelism,
} from './job-graph-generator.ts';
export type { JobGraphOverrides } from './job-graph-overrides.ts';
export type { RuntimeExecutionMode } from './job-type.ts';
export { operatorIdOfUid } from './operator-ids.ts';
export {
  checkMaxParallelism,
  checkParallelism,
  type ParallelismDefaults,
  type ResolvedParallelism,
  resolveParallelism,
} from './parallelism.ts';
export {
  type ExecutionPlanJson,
  type ExecutionPlanNode,
  executionPlanJson,
  type JobPlanJson,
  type JobPlanNode,
  jobPlanJson,
} from './plan-json.ts';
export type {
  NodeBody,
  PartitionerSpec,
  StreamEdge,
  StreamGraph,
  StreamNode,
} from './stream-graph.ts';
export {
  type MutableStreamNode,
  type StreamEdgeInit,
  StreamGraphBuilder,
  type StreamGraphSettings,
  type StreamNodeInit,
} from './stream-graph-builder.ts';
export { validateSinks } from './validate-sinks.ts';
export { validateSources } from './validate-sources.ts';
