import type { JSX } from 'preact';

const MAX_MARKS = 16;

/** `3 of 4 in use`, and a mark for each slot. */
export function SlotMarks(props: {
  readonly usedCount: number;
  readonly totalCount: number;
}): JSX.Element {
  const { usedCount, totalCount } = props;
  return (
    <span class="slots">
      {totalCount <= MAX_MARKS && (
        <svg width={totalCount * 13} height="10" aria-hidden="true">
          {Array.from({ length: totalCount }, (_, index) => (
            <rect
              key={`slot ${index}`}
              class={index < usedCount ? 'slot is-used' : 'slot'}
              x={index * 13 + 0.5}
              y="0.5"
              width="9"
              height="9"
              rx="2"
            />
          ))}
        </svg>
      )}
      {usedCount} of {totalCount} in use
    </span>
  );
}
