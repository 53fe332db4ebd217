/** What each operator of a chain took and gave, under Flink's names. Pure. */
import type { TaskMetricsRecord } from '../../protocol/index.ts';

/** Of one operator of a subtask. */
export interface OperatorCount {
  readonly operatorName: string;
  readonly name:
    | 'numRecordsIn'
    | 'numRecordsOut'
    | 'numRecordsInPerSecond'
    | 'numRecordsOutPerSecond';
  readonly value: number;
}

/**
 * Head first; of operators of one name the first, as Flink registers it. What it gives is what it
 * gives to side outputs, too. Left out is what is not known: what an operator takes from a side
 * output of its own chain, and rates of those that have told too little or have ended.
 */
export function operatorCounts({
  operators = [],
  recent,
}: Pick<TaskMetricsRecord, 'operators' | 'recent'>): readonly OperatorCount[] {
  const seen = new Set<string>();
  return operators.flatMap((operator, index): readonly OperatorCount[] => {
    const { name: operatorName, numRecordsIn, numRecordsOut, numRecordsSide = 0 } = operator;
    if (operatorName === undefined || seen.has(operatorName)) return [];
    seen.add(operatorName);
    const given = recent?.numRecordsOut[index];
    const givenAside = recent?.numRecordsSide?.[index] ?? 0;
    const perSecond = (count: number | null | undefined): number | undefined =>
      recent === undefined || typeof count !== 'number'
        ? undefined
        : (count * 1000) / recent.spanMs;
    const values = {
      numRecordsIn,
      numRecordsOut: numRecordsOut + numRecordsSide,
      numRecordsInPerSecond: perSecond(recent?.numRecordsIn?.[index]),
      numRecordsOutPerSecond: perSecond(given === undefined ? given : given + givenAside),
    };
    return Object.entries(values).flatMap(([name, value]) => {
      return value === undefined ? [] : [{ operatorName, name, value } as OperatorCount];
    });
  });
}
