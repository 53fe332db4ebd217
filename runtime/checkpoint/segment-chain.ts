/** When an operator writes all of its keyed state, and when only what has changed. */
import type { KeyGroupRange } from '../core/index.ts';
import type { KeyedSegmentRecord } from '../protocol/index.ts';

/** A restore reads all segments of a chain; more of them are not worth what a base costs. */
export const MAX_CHAIN_SEGMENTS = 50;

/** What a chain consists of; in entries, which are known before segments are stored. */
export interface ChainWeight {
  readonly segments: number;
  readonly baseEntries: number;
  readonly deltaEntries: number;
}

export interface SegmentFacts {
  /** Undefined when there is none, or none that can be continued. */
  readonly chain: ChainWeight | undefined;
  readonly tracksChanges: boolean;
  /** The barrier asks for all, or values have another shape than in the chain. */
  readonly full: boolean;
  readonly changeCount: number;
  /** Entries a base would have now. */
  readonly entryCount: number;
}

/**
 * A base as soon as the deltas, with the one to write, outweigh it, and in place of a delta that
 * has as many entries as a base would have: most of a state that turns over are removals.
 */
export function decideSegment(facts: SegmentFacts): 'BASE' | 'DELTA' {
  const { chain, tracksChanges, full, changeCount, entryCount } = facts;
  if (chain === undefined || full || !tracksChanges) return 'BASE';
  if (chain.segments >= MAX_CHAIN_SEGMENTS) return 'BASE';
  if (changeCount >= entryCount && changeCount > 0) return 'BASE';
  return chain.deltaEntries + changeCount > chain.baseEntries ? 'BASE' : 'DELTA';
}

/**
 * The segments restored, as a chain to go on with; undefined unless all their entries are of these
 * key groups. Segments shared with other subtasks hold entries that only the others keep current:
 * who continued them would bring those back at the next change of parallelism.
 */
export function continuedChain(
  chains: readonly (readonly KeyedSegmentRecord[])[],
  { start, end }: KeyGroupRange,
): readonly KeyedSegmentRecord[] | undefined {
  const segments = chains.flat();
  const own = segments.every(({ chunks }) =>
    chunks.every((chunk) => chunk.firstKeyGroup >= start && chunk.lastKeyGroup <= end),
  );
  return own ? segments : undefined;
}

export function weightOf(segments: readonly KeyedSegmentRecord[]): ChainWeight {
  const entries = { BASE: 0, DELTA: 0 };
  for (const { kind, chunks } of segments) {
    for (const { entryCount } of chunks) entries[kind] += entryCount;
  }
  return { segments: segments.length, baseEntries: entries.BASE, deltaEntries: entries.DELTA };
}
