const FIRST_POWER = -6;
const LAST_POWER = 15;
const COMPARED_TICKS = 4;

/**
 * Steps between an axis' ticks, ascending: those whose ticks are told apart by their texts, so that
 * what is only known in whole units (bytes, records, milliseconds) has whole ticks. Pure.
 */
export function tickSteps(format: (value: number) => string): readonly number[] {
  const powers = Array.from({ length: LAST_POWER - FIRST_POWER + 1 }, (_, at) => FIRST_POWER + at);
  const steps = powers.flatMap((power) => [1, 2, 5].map((one) => Number(`${one}e${power}`)));
  return steps.filter((step) => {
    const ticks = Array.from({ length: COMPARED_TICKS }, (_, index) => format(index * step));
    return new Set(ticks).size === COMPARED_TICKS;
  });
}
