/** How far each operator of a chain is in event time, under Flink's names. Pure. */
import { MIN_TIMESTAMP_MS } from '../../core/index.ts';
import type { TaskMetricsRecord } from '../../protocol/index.ts';

/** Of one operator of a subtask. */
export interface OperatorWatermark {
  readonly operatorName: string;
  readonly name: 'currentInputWatermark' | 'currentOutputWatermark';
  /** `MIN_TIMESTAMP_MS`: none yet. */
  readonly watermarkMs: number;
}

/**
 * Head first; of operators of one name the first, as Flink registers it. A source has no input, and
 * what is not known of an operator inside a chain is left out.
 */
export function operatorWatermarks({
  operators = [],
  inputs,
  currentInputWatermarkMs,
}: Pick<
  TaskMetricsRecord,
  'operators' | 'inputs' | 'currentInputWatermarkMs'
>): readonly OperatorWatermark[] {
  const seen = new Set<string>();
  return operators.flatMap((operator, index): readonly OperatorWatermark[] => {
    const { name: operatorName, inputWatermarkMs, watermarkMs = MIN_TIMESTAMP_MS } = operator;
    if (operatorName === undefined || seen.has(operatorName)) return [];
    seen.add(operatorName);
    const ofHead = inputs === undefined ? undefined : currentInputWatermarkMs;
    const inputMs = index === 0 ? ofHead : inputWatermarkMs;
    const own = { operatorName, name: 'currentOutputWatermark', watermarkMs } as const;
    if (inputMs === undefined) return [own];
    return [{ operatorName, name: 'currentInputWatermark', watermarkMs: inputMs }, own];
  });
}
