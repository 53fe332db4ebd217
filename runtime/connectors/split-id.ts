import type { Source } from './source.ts';

/** The id under which readers begin a split; undefined: the source does not say. */
export function splitIdOf<SplitT>(
  source: Pick<Source<unknown, SplitT, unknown>, 'splitId'>,
  split: SplitT,
): string | undefined {
  if (source.splitId !== undefined) return source.splitId(split);
  const id = (split as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' ? id : undefined;
}
