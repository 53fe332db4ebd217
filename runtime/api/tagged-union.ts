import type { KeySelector } from '../core/index.ts';
import { mapOperator } from '../operators/index.ts';
import type { Upstream } from './job-program.ts';
import { transform } from './transform.ts';

/** A record of one of two streams that share windows. */
export type TaggedUnion<A, B> =
  | { readonly isOne: true; readonly value: A }
  | { readonly isOne: false; readonly value: B };

/** The records of both inputs in one stream, each saying where it came from. */
export function taggedUnion(first: Upstream, second: Upstream): Upstream {
  const edges = [...taggedEdges(first, true), ...taggedEdges(second, false)];
  return { program: first.program, edges };
}

/** The key of a record, by its side. */
export function taggedKeySelector<A, B, K>(
  first: KeySelector<A, K>,
  second: KeySelector<B, K>,
): KeySelector<TaggedUnion<A, B>, K> {
  return (tagged) => (tagged.isOne ? first(tagged.value) : second(tagged.value));
}

/**
 * An operator for each edge, with the parallelism of where it comes from: the records of a subtask
 * stay in order, which records dealt out to others would not.
 */
function taggedEdges({ program, edges }: Upstream, isOne: boolean): Upstream['edges'] {
  return edges.flatMap((edge) => {
    const tag = mapOperator((value: unknown) => ({ isOne, value }));
    const upstream = { program, edges: [edge] };
    return transform(upstream, 'Map', tag, { followsInput: true }).upstream.edges;
  });
}
