import { type KeyedStateStore, noKeyedContext } from '../state/index.ts';
import type { RuntimeContext } from './functions.ts';
import type { OperatorContext } from './operator.ts';

/** The context of a rich function; without a store every request for state is refused. */
export function createRuntimeContext(
  ctx: OperatorContext,
  store: KeyedStateStore | undefined,
): RuntimeContext {
  const storeFor = (stateName: string): KeyedStateStore => {
    if (store === undefined) throw noKeyedContext(ctx.operatorName, stateName);
    return store;
  };
  return {
    taskInfo: {
      jobName: ctx.jobName,
      taskName: ctx.operatorName,
      index: ctx.subtaskIndex,
      parallelism: ctx.parallelism,
      maxParallelism: ctx.maxParallelism,
      attempt: ctx.attempt,
    },
    getMetricGroup: () => ctx.metrics,
    addAccumulator: (name, accumulator) => ctx.accumulators.addAccumulator(name, accumulator),
    getAccumulator: (name) => ctx.accumulators.getAccumulator(name),
    getIntCounter: (name) => ctx.accumulators.getIntCounter(name),
    getLongCounter: (name) => ctx.accumulators.getLongCounter(name),
    getDoubleCounter: (name) => ctx.accumulators.getDoubleCounter(name),
    getHistogram: (name) => ctx.accumulators.getHistogram(name),
    getState: (descriptor) => storeFor(descriptor.name).getState(descriptor),
    getListState: (descriptor) => storeFor(descriptor.name).getListState(descriptor),
    getMapState: (descriptor) => storeFor(descriptor.name).getMapState(descriptor),
    getReducingState: (descriptor) => storeFor(descriptor.name).getReducingState(descriptor),
    getAggregatingState: (descriptor) => storeFor(descriptor.name).getAggregatingState(descriptor),
  };
}
