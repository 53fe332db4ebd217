/** Which sinks give less than the job's checkpoints promise. */
import type { DeliveryGuarantee, Sink } from './sink.ts';

/** A sink under the name of its operator. */
export interface NamedSink {
  readonly operatorName: string;
  readonly sink: Pick<Sink<unknown, unknown>, 'name' | 'guarantee'>;
}

const STRENGTH: Readonly<Record<DeliveryGuarantee, number>> = {
  NONE: 0,
  AT_LEAST_ONCE: 1,
  EXACTLY_ONCE: 2,
};

/**
 * The sinks that guarantee less than `mode`, in the order given.
 *
 * @param mode the checkpointing mode; `NONE` for a job without checkpoints.
 */
export function sinksBelow<S extends NamedSink>(
  mode: DeliveryGuarantee,
  sinks: readonly S[],
): readonly S[] {
  return sinks.filter(({ sink }) => STRENGTH[sink.guarantee] < STRENGTH[mode]);
}

/** One line for the log that names them all; undefined when there is none. */
export function sinksBelowMessage(
  mode: DeliveryGuarantee,
  sinks: readonly NamedSink[],
): string | undefined {
  const named = sinksBelow(mode, sinks).map(
    ({ operatorName, sink }) => `"${operatorName}" (${sink.name}) ${sink.guarantee}`,
  );
  if (named.length === 0) return undefined;
  return (
    `sinks give less than the ${mode} of the job's checkpoints, after a failure their output may ` +
    `repeat or lack records: ${named.join(', ')}`
  );
}
