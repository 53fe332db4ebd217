/**
 * Which regions of a job in BATCH may run, and which have to run again: pure, for `decideJob`.
 *
 * A region reads what others have stored, and begins when all of these have ended. What it has
 * stored itself stays: a failure restarts what failed, and nothing that has ended before; unless
 * stored bytes cannot be read. Then who has stored them runs again, and whatever is made of them,
 * since a second run may store the same records in another order.
 *
 * @see Flink `RestartPipelinedRegionFailoverStrategy`
 */
import type { JobState, RegionState } from './job-state.ts';

/** OPEN: it may be left out; ASKED: that is being decided. */
export type StageSizeState = 'OPEN' | 'ASKED' | 'LEFT_OUT';

/** Whether all that the region reads is there. */
export function hasInputs({ regions }: JobState, { inputs = [] }: RegionState): boolean {
  return inputs.every((input) => regions[input]?.phase === 'FINISHED');
}

/** It is not deployed and will be, once what it reads is there and it is known to be needed. */
export function waitsForInputs(state: JobState, region: RegionState): boolean {
  const isDue = region.phase === 'IDLE' || (region.phase === 'WAITING' && region.isDue);
  return isDue && (region.size === 'ASKED' || !hasInputs(state, region));
}

/** Regions that have never run and may now. */
export function readyRegions(state: JobState): readonly number[] {
  return indexesWhere(
    state,
    (region) => region.phase === 'IDLE' && region.size === undefined && hasInputs(state, region),
  );
}

/** Regions whose input is there, so that it can be decided which of them are needed. */
export function openRegions(state: JobState): readonly number[] {
  return indexesWhere(state, (region) => region.size === 'OPEN' && hasInputs(state, region));
}

/** Which regions are needed is decided: the others have nothing to do, and never will. */
export function withSize(
  { regions }: JobState,
  { regionIndexes, count }: { regionIndexes: readonly number[]; count: number },
): readonly RegionState[] {
  return regions.map((region, at): RegionState => {
    const position = regionIndexes.indexOf(at);
    if (position === -1 || region.size !== 'ASKED') return region;
    const { size: _, ...sized } = region;
    return position < count ? sized : { ...sized, phase: 'FINISHED', size: 'LEFT_OUT' };
  });
}

/** Those of the regions that have run to their end. */
export function endedRegions(state: JobState, of: readonly number[]): readonly number[] {
  return indexesWhere(
    state,
    ({ phase, size }) => phase === 'FINISHED' && size !== 'LEFT_OUT',
  ).filter((at) => of.includes(at));
}

/** These and all that reads what they store, directly or not. Ascending. */
export function withConsumers(state: JobState, regions: readonly number[]): readonly number[] {
  const all = new Set(regions);
  for (let size = -1; size !== all.size; ) {
    size = all.size;
    for (const [at, { inputs = [] }] of state.regions.entries()) {
      if (inputs.some((input) => all.has(input))) all.add(at);
    }
  }
  return [...all].toSorted((a, b) => a - b);
}

/** In BATCH, whose regions say what they read. */
export function isStaged({ regions }: JobState): boolean {
  return regions.some(({ inputs }) => inputs !== undefined);
}

function indexesWhere(
  { regions }: JobState,
  isWanted: (region: RegionState) => boolean,
): readonly number[] {
  return regions.flatMap((region, at) => (isWanted(region) ? [at] : []));
}
