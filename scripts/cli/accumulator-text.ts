/** What a job has counted, as `flink run` writes it at the end. */
import { type AccumulatorRecord, accumulatorText } from '../../runtime/protocol/index.ts';

/** As `GET /jobs/<id>/execution-result` tells. */
export interface ShownAccumulator {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  /** Of a list. */
  readonly elements?: number;
}

/** Undefined: there are none. */
export function accumulatorLines(records: readonly AccumulatorRecord[]): string | undefined {
  return shownLines(
    records.map((record) => ({
      ...{ name: record.name, type: record.type, value: accumulatorText(record) },
      ...(record.type === 'ListAccumulator' ? { elements: record.values.length } : {}),
    })),
  );
}

/** As {@link accumulatorLines}. Of a list, only how long it is. */
export function shownLines(accumulators: readonly ShownAccumulator[]): string | undefined {
  if (accumulators.length === 0) return undefined;
  const lines = accumulators.map(({ name, type, value, elements }) => {
    const shown = elements === undefined ? `: ${value}` : ` [${elements} elements]`;
    return `- ${name} (${type})${shown}`;
  });
  return ['Accumulator Results: ', ...lines].join('\n');
}
