/**
 * Small random jobs as plain values: what the job builder turns into a program, and the oracle into
 * the results that program must have. Results do not depend on the order records arrive in:
 *
 * I1  Event time only; timestamps never decrease within a split; no record is late.
 * I2  Nothing follows a running count: its results take the time of whatever came last.
 * I3  Two records are never exactly a session's gap apart, since whether sessions that touch are
 *     one depends on when the first is closed. Source times and lengths of windows are multiples of
 *     four, so that times are 0 or 3 modulo 4, gaps are 2 modulo 4, and no session follows another.
 */
import type { SimRng } from './sim-rng.ts';

/** What every stream of a simulated job carries. */
export interface SimRecord {
  /** Unique in its stream. */
  readonly id: string;
  readonly key: number;
  readonly value: number;
  /** Equals the record's event time. */
  readonly timeMs: number;
}

export interface SourceSpec {
  readonly name: string;
  readonly seed: number;
  readonly splitCount: number;
  /** `Infinity`: unbounded, the schedule stops the job. */
  readonly recordsPerSplit: number;
  readonly keyCount: number;
  readonly maxStepMs: number;
  /** Real time between two batches of a reader. */
  readonly pauseMs: number;
  readonly batchRecords: number;
  /** Of the world's time: after so many records of a split the next come so much later, about. */
  readonly lull?: { readonly everyRecords: number; readonly lengthMs: number };
}

export type WindowSpec =
  | { readonly type: 'tumbling'; readonly lengthMs: number }
  | { readonly type: 'sliding'; readonly lengthMs: number; readonly slideMs: number }
  | { readonly type: 'session'; readonly gapMs: number };

/** Inputs are indices of streams: the sources first, then the nodes in order. */
export type NodeSpec =
  | { readonly kind: 'map'; readonly inputs: readonly [number]; readonly factor: number }
  | { readonly kind: 'filter'; readonly inputs: readonly [number]; readonly modulus: number }
  | { readonly kind: 'flatMap'; readonly inputs: readonly [number]; readonly copies: number }
  | { readonly kind: 'union'; readonly inputs: readonly [number, number] }
  /** Hands records on. Releases differ in what state they keep, if any; behind it are `layers` more. */
  | {
      readonly kind: 'pass';
      readonly inputs: readonly [number];
      readonly release: number;
      readonly layers: number;
    }
  /** Keyed state and event-time timers: sums of each key and bucket. */
  | { readonly kind: 'buckets'; readonly inputs: readonly [number]; readonly lengthMs: number }
  /** A running count of each key, by a reduce. */
  | { readonly kind: 'count'; readonly inputs: readonly [number] }
  /** Windows that have fired are kept for another `latenessMs`; they must not fire again. */
  | {
      readonly kind: 'window';
      readonly inputs: readonly [number];
      readonly window: WindowSpec;
      readonly latenessMs: number;
    }
  /** Two streams keyed alike: sums of each key, bucket and side. */
  | {
      readonly kind: 'connect';
      readonly inputs: readonly [number, number];
      readonly lengthMs: number;
    };

export interface JobSpec {
  readonly sources: readonly SourceSpec[];
  readonly nodes: readonly NodeSpec[];
  /** Streams that end in a sink; those of the sources come first. */
  readonly sinks: readonly number[];
  /** By stream. */
  readonly parallelism: readonly number[];
  readonly maxParallelism: number;
  /** Streams whose operator starts a task of its own. */
  readonly unchained: readonly number[];
  /** How long sinks take for every few records; back-pressure fills the channels before them. */
  readonly sinkPauseMs: number;
}

const MAX_PARALLELISM = 4;
const MIN_RECORDS_WITH_LULLS = 20;
const MAX_PAUSE_WITH_LULLS_MS = 3;
/** Sources that look as seldom as they may: a second look is all that finds what comes then. */
const SELDOM_RATE = 0.5;
const SELDOM_SHARE = 0.4;
/** How long a job takes to fall asleep. */
const MIN_ASLEEP_MS = 60;
const MAX_ASLEEP_MS = 350;
const TUMBLING: WindowSpec = { type: 'tumbling', lengthMs: 20 };

/** A job drawn from the seed. */
export function randomJob(rng: SimRng, bounded: boolean): JobSpec {
  const sourceCount = rng.chance(0.4) ? 2 : 1;
  const sources = Array.from({ length: sourceCount }, (_, i) => randomSource(rng, i, bounded));
  const nodes: NodeSpec[] = [];
  const nodeCount = rng.int(1, 4);
  const usable = sources.map((_, i) => i);
  const afterSession = new Set<number>();
  const add = (node: NodeSpec): void => {
    const index = sourceCount + nodes.length;
    const isAfter = node.inputs.some((input) => afterSession.has(input));
    const isSession = node.kind === 'window' && node.window.type === 'session';
    if (isSession || isAfter) afterSession.add(index);
    // I2.
    if (node.kind !== 'count') usable.push(index);
    // I3.
    nodes.push(isSession && isAfter ? { ...node, window: TUMBLING } : node);
  };
  for (let i = 0; i < nodeCount; i += 1) add(randomNode(rng, usable));
  if (!nodes.some(isStateful)) add(statefulNode(rng, usable));
  const streamCount = sourceCount + nodes.length;
  const consumed = new Set(nodes.flatMap((node) => [...node.inputs]));
  const ends = Array.from({ length: streamCount }, (_, i) => i).filter((i) => !consumed.has(i));
  const extra = rng.chance(0.3) ? [rng.int(0, streamCount - 1)] : [];
  const raw = bounded ? [] : sources.map((_, i) => i);
  const widest = rng.int(1, MAX_PARALLELISM);
  return {
    sources,
    nodes,
    sinks: [...new Set([...raw, ...ends, ...extra])].toSorted((a, b) => a - b),
    parallelism: randomParallelism(rng, streamCount, widest),
    maxParallelism: rng.pick([4, 7, 16]),
    sinkPauseMs: rng.pick([0, 0, 2, 10]),
    unchained: Array.from({ length: streamCount }, (_, i) => i).filter(() => rng.chance(0.3)),
  };
}

/** Parallelism for every stream; mostly the same for all. */
export function randomParallelism(rng: SimRng, streamCount: number, widest: number): number[] {
  return Array.from({ length: streamCount }, () => (rng.chance(0.7) ? widest : rng.int(1, widest)));
}

function randomSource(rng: SimRng, index: number, bounded: boolean): SourceSpec {
  return {
    name: `s${index}`,
    seed: rng.int(0, 2 ** 30),
    splitCount: rng.int(1, 4),
    recordsPerSplit: bounded ? rng.int(0, 40) : Number.POSITIVE_INFINITY,
    keyCount: rng.pick([1, 3, 6, 24]),
    maxStepMs: rng.pick([4, 8, 20]),
    pauseMs: rng.pick([1, 3, 8]),
    batchRecords: rng.int(1, 4),
  };
}

function isStateful({ kind }: NodeSpec): boolean {
  return kind === 'buckets' || kind === 'count' || kind === 'window' || kind === 'connect';
}

/** Mostly the newest stream, so that pipelines grow deep. */
function pickInput(rng: SimRng, usable: readonly number[]): number {
  return (rng.chance(0.6) ? usable.at(-1) : rng.pickOf(usable)) ?? 0;
}

function randomNode(rng: SimRng, usable: readonly number[]): NodeSpec {
  const input = pickInput(rng, usable);
  switch (rng.int(0, 8)) {
    case 0:
      return { kind: 'map', inputs: [input], factor: rng.int(2, 5) };
    case 1:
      return { kind: 'filter', inputs: [input], modulus: rng.int(2, 4) };
    case 2:
      return { kind: 'flatMap', inputs: [input], copies: rng.int(0, 2) };
    case 3:
      return { kind: 'union', inputs: [input, pickInput(rng, usable)] };
    case 4:
    case 5:
      return { kind: 'pass', inputs: [input], release: rng.int(0, 2), layers: rng.int(0, 1) };
    default:
      return statefulNode(rng, usable);
  }
}

function statefulNode(rng: SimRng, usable: readonly number[]): NodeSpec {
  const input = pickInput(rng, usable);
  const lengthMs = rng.pick([12, 24, 60]);
  switch (rng.int(0, 4)) {
    case 0:
      return { kind: 'buckets', inputs: [input], lengthMs };
    case 1:
      return { kind: 'count', inputs: [input] };
    case 2:
      return { kind: 'connect', inputs: [input, pickInput(rng, usable)], lengthMs };
    default:
      return {
        kind: 'window',
        inputs: [input],
        window: randomWindow(rng),
        latenessMs: rng.pick([0, 40, 200]),
      };
  }
}

function randomWindow(rng: SimRng): WindowSpec {
  const lengthMs = rng.pick([12, 20, 40]);
  switch (rng.int(0, 2)) {
    case 0:
      return { type: 'tumbling', lengthMs };
    case 1:
      return { type: 'sliding', lengthMs: 2 * lengthMs, slideMs: lengthMs };
    default:
      return { type: 'session', gapMs: rng.pick([6, 14, 30]) };
  }
}

/**
 * The same job, with sources that have nothing for a while now and then. They look for more twice
 * as often as a job has to be idle before it hibernates, at least.
 */
export function withLulls(rng: SimRng, spec: JobSpec, hibernateAfterMs: number): JobSpec {
  const seldomMs = Math.floor(hibernateAfterMs * SELDOM_SHARE);
  const isSeldom = rng.stream('seldom').chance(SELDOM_RATE);
  const sources = spec.sources.map((source) => ({
    ...source,
    pauseMs: isSeldom ? seldomMs : Math.min(MAX_PAUSE_WITH_LULLS_MS, source.pauseMs),
    recordsPerSplit: Math.max(MIN_RECORDS_WITH_LULLS, source.recordsPerSplit),
    lull: { everyRecords: rng.int(5, 13), lengthMs: 3000 },
  }));
  return { ...spec, sources };
}

/** With which arrival record `index` of a split comes; past the last one, its end. */
export function arrivalOf({ lull }: SourceSpec, index: number): number {
  return lull === undefined ? 0 : Math.floor(index / lull.everyRecords);
}

/** When something comes to a source at last; after that, nothing wakes its job. */
export function lastArrivalOf(source: SourceSpec): number {
  return arrivalOf(source, source.recordsPerSplit);
}

/**
 * The arrivals of a source are counted from 0, which is there from the beginning. Every second one
 * comes about when the job falls asleep that has read the one before.
 */
export function arrivalAtMs({ lull, seed }: SourceSpec, arrival: number): number {
  if (lull === undefined || arrival === 0) return 0;
  const { lengthMs } = lull;
  const firstMs = Math.ceil(arrival / 2) * lengthMs;
  if (arrival % 2 === 1) return firstMs;
  return firstMs + MIN_ASLEEP_MS + (scramble(seed, arrival) % (MAX_ASLEEP_MS - MIN_ASLEEP_MS));
}

/** Record `index` of a split: a function of the two, so that it can be read from any position. */
export function recordAt(source: SourceSpec, splitIndex: number, index: number): SimRecord {
  const a = scramble(source.seed + splitIndex * 7919, index);
  const steps = source.maxStepMs / 4 + 1;
  const step = 4 * (scramble(source.seed ^ (splitIndex + 1), index) % steps);
  return {
    id: `${source.name}-${splitIndex}-${index}`,
    key: a % source.keyCount,
    value: (a >>> 8) % 100,
    // Within the index's own slice of time, so that timestamps never decrease.
    timeMs: index * source.maxStepMs + step,
  };
}

function scramble(seed: number, index: number): number {
  let mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
