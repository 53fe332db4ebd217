/**
 * What a simulated job must have written, computed in plain loops over whole streams. Shares
 * nothing with the engine.
 */
import {
  type JobSpec,
  type NodeSpec,
  recordAt,
  type SimRecord,
  type WindowSpec,
} from './job-spec.ts';

/** How many records of each split count, by source and split index. */
export type PrefixLengths = (sourceIndex: number, splitIndex: number) => number;

/** By stream; the order within a stream means nothing. */
export function expectedStreams(
  spec: JobSpec,
  lengthOf: PrefixLengths,
): readonly (readonly SimRecord[])[] {
  const streams: (readonly SimRecord[])[] = spec.sources.map((source, sourceIndex) => {
    const records: SimRecord[] = [];
    for (let split = 0; split < source.splitCount; split += 1) {
      const length = lengthOf(sourceIndex, split);
      for (let i = 0; i < length; i += 1) records.push(recordAt(source, split, i));
    }
    return records;
  });
  for (const node of spec.nodes) {
    const [first, second] = node.inputs.map((input) => streams[input] ?? []);
    streams.push(compute(node, first ?? [], second ?? []));
  }
  return streams;
}

function compute(
  node: NodeSpec,
  input: readonly SimRecord[],
  other: readonly SimRecord[],
): readonly SimRecord[] {
  switch (node.kind) {
    case 'map':
      return input.map((r) => ({ ...r, value: (r.value * node.factor) % 1000 }));
    case 'pass':
      return input;
    case 'filter':
      return input.filter((r) => r.value % node.modulus !== 0);
    case 'flatMap':
      return input.flatMap((r) =>
        Array.from({ length: node.copies }, (_, i) => ({ ...r, id: `${r.id}.${i}` })),
      );
    case 'union':
      return [
        ...input.map((r) => ({ ...r, id: `${r.id}a` })),
        ...other.map((r) => ({ ...r, id: `${r.id}b` })),
      ];
    case 'count': {
      const counts = new Map<number, number>();
      return input.map(({ key }) => {
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        return { id: `${key}#${count}`, key, value: count, timeMs: -1 };
      });
    }
    case 'buckets':
      return sums(input, 'x', (r) => [bucketEnd(r, node.lengthMs)]);
    case 'connect':
      return [
        ...sums(input, 'l', (r) => [bucketEnd(r, node.lengthMs)]),
        ...sums(other, 'r', (r) => [bucketEnd(r, node.lengthMs)]),
      ];
    case 'window':
      return windowed(input, node.window);
  }
}

/** The last millisecond of the record's bucket. */
export function bucketEnd({ timeMs }: SimRecord, lengthMs: number): number {
  return (Math.floor(timeMs / lengthMs) + 1) * lengthMs - 1;
}

/** One record for each key and end: the sum of the values and, in the id, their number. */
function sums(
  input: readonly SimRecord[],
  side: string,
  endsOf: (record: SimRecord) => readonly number[],
): readonly SimRecord[] {
  const groups = new Map<string, { key: number; end: number; sum: number; count: number }>();
  for (const record of input) {
    for (const end of endsOf(record)) {
      const { key } = record;
      const group = groups.get(`${key}:${end}`) ?? { key, end, sum: 0, count: 0 };
      group.sum += record.value;
      group.count += 1;
      groups.set(`${key}:${end}`, group);
    }
  }
  return [...groups.values()].map(({ key, end, sum, count }) => ({
    id: `${side}${key}@${end}n${count}`,
    key,
    value: sum % 1000,
    timeMs: end,
  }));
}

function windowed(input: readonly SimRecord[], window: WindowSpec): readonly SimRecord[] {
  switch (window.type) {
    case 'tumbling':
      return sums(input, 'w', (r) => [bucketEnd(r, window.lengthMs)]);
    case 'sliding': {
      const { lengthMs, slideMs } = window;
      return sums(input, 'w', ({ timeMs }) => {
        const ends: number[] = [];
        for (let start = Math.floor(timeMs / slideMs) * slideMs; start > timeMs - lengthMs; ) {
          ends.push(start + lengthMs - 1);
          start -= slideMs;
        }
        return ends;
      });
    }
    case 'session':
      return sessions(input, window.gapMs);
  }
}

function sessions(input: readonly SimRecord[], gapMs: number): readonly SimRecord[] {
  const ends = new Map<SimRecord, number>();
  for (const key of new Set(input.map((r) => r.key))) {
    const ofKey = input.filter((r) => r.key === key).toSorted((a, b) => a.timeMs - b.timeMs);
    let session: SimRecord[] = [];
    const close = (): void => {
      const last = session.at(-1);
      for (const r of session) ends.set(r, (last?.timeMs ?? 0) + gapMs - 1);
      session = [];
    };
    for (const record of ofKey) {
      const last = session.at(-1);
      // Windows that touch are one session, as in Flink's TimeWindow.intersects.
      if (last !== undefined && record.timeMs > last.timeMs + gapMs) close();
      session.push(record);
    }
    close();
  }
  return sums(input, 'w', (r) => [ends.get(r) ?? -1]);
}
