/**
 * Compares what a job has written with what the oracle says it must have.
 *
 * I1  Exactly once: at the end the two are equal, and before it nothing was ever visible that does
 *     not belong there.
 * I2  At least once: nothing is missing. Where a record passed no state but running counts, it is
 *     there as it is; where it went into a sum, the sum is there with as many records or more.
 */
import type { ExternalStore, Transaction } from './external-store.ts';
import { isAtLeastOnce, type SimConfiguration } from './job-settings.ts';
import type { JobSpec, SimRecord } from './job-spec.ts';
import { expectedStreams } from './oracle.ts';

export interface AuditedJob {
  readonly jobId: string;
  readonly spec: JobSpec;
  readonly configuration: SimConfiguration;
}

export class OutputAudit {
  readonly #external: ExternalStore;
  readonly #bounded: boolean;

  constructor(external: ExternalStore, bounded: boolean) {
    this.#external = external;
    this.#bounded = bounded;
  }

  /** What is wrong with its output, after it has ended. */
  faults(job: AuditedJob): readonly string[] {
    const { jobId, spec } = job;
    const own = spec.sources.map((_, source) => this.#external.output(jobId, source));
    const faults = this.#compared(job, this.#prefixLengths(spec, own));
    if (this.#bounded || faults.length === 0) return faults;
    // It may have read nothing since the savepoint: then it is earlier jobs that show how much.
    const all = own.map((records, source) => [
      ...records,
      ...this.#external.ancestral(jobId, source).flat(),
    ]);
    const fewer = this.#compared(job, this.#prefixLengths(spec, all));
    return fewer.length === 0 ? fewer : faults;
  }

  #compared(job: AuditedJob, lengths: ReadonlyMap<string, number>): readonly string[] {
    const { jobId, spec, configuration } = job;
    const faults: string[] = [];
    const streams = expectedStreams(
      spec,
      (source, split) => lengths.get(`${spec.sources[source]?.name}-${split}`) ?? 0,
    );
    for (const sink of spec.sinks) {
      const expected = streams[sink] ?? [];
      const found = this.#external.output(jobId, sink);
      const optional = this.#external.ancestral(jobId, sink);
      const difference = isAtLeastOnce(configuration)
        ? lackOf(expected, [...found, ...optional.flat()], exactnessOf(spec, sink))
        : differenceOf(expected, found, optional);
      if (difference !== undefined) faults.push(`job ${jobId} sink ${sink}: ${difference}`);
    }
    const uncommitted = this.#external.uncommitted(jobId);
    if (uncommitted.length > 0) faults.push(`never committed: ${uncommitted.join()}`);
    return faults;
  }

  /** Records of each split that the job has read: all, or as many as its raw sinks hold. */
  #prefixLengths(
    spec: JobSpec,
    raw: readonly (readonly SimRecord[])[],
  ): ReadonlyMap<string, number> {
    const lengths = new Map<string, number>();
    for (const [index, source] of spec.sources.entries()) {
      for (let split = 0; split < source.splitCount; split += 1) {
        lengths.set(`${source.name}-${split}`, this.#bounded ? source.recordsPerSplit : 0);
      }
      for (const { id } of this.#bounded ? [] : (raw[index] ?? [])) {
        const at = id.lastIndexOf('-');
        const split = id.slice(0, at);
        lengths.set(split, Math.max(lengths.get(split) ?? 0, Number(id.slice(at + 1)) + 1));
      }
    }
    return lengths;
  }
}

/** I1, while jobs run: watches what becomes visible of bounded jobs that start from nothing. */
export class VisibleOutputAudit {
  readonly #violate: (what: string) => void;
  /** By job and sink: what may still appear. */
  readonly #left = new Map<string, Map<string, number>>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  watch({ jobId, spec, configuration }: AuditedJob): void {
    if (isAtLeastOnce(configuration)) return;
    if (spec.sources.some(({ recordsPerSplit }) => !Number.isFinite(recordsPerSplit))) return;
    const streams = expectedStreams(spec, (source) => spec.sources[source]?.recordsPerSplit ?? 0);
    for (const sink of spec.sinks) {
      const counts = new Map<string, number>();
      for (const record of streams[sink] ?? []) count(counts, record, 1);
      this.#left.set(`${jobId}/${sink}`, counts);
    }
  }

  /** Once for each transaction that the job itself has written. */
  visible({ id, jobId, sink, records }: Transaction): void {
    const left = this.#left.get(`${jobId}/${sink}`);
    if (left === undefined) return;
    for (const record of records) {
      const text = textOf(record);
      if ((left.get(text) ?? 0) === 0) this.#violate(`I1: ${text} is visible too often, by ${id}`);
      count(left, record, -1);
    }
  }
}

/**
 * What is missing and what is too much; undefined when nothing is.
 *
 * @param optional transactions, each found as a whole or not at all.
 */
function differenceOf(
  expected: readonly SimRecord[],
  found: readonly SimRecord[],
  optional: readonly (readonly SimRecord[])[],
): string | undefined {
  const counts = new Map<string, number>();
  for (const record of expected) count(counts, record, 1);
  for (const record of found) count(counts, record, -1);
  for (const records of optional.toSorted((a, b) => b.length - a.length)) {
    // It is part of the output if all of it is needed; else it came after the job had forked off.
    if (!records.every((record) => (counts.get(textOf(record)) ?? 0) > 0)) continue;
    for (const record of records) count(counts, record, -1);
  }
  const wrong = [...counts].filter(([, left]) => left !== 0);
  if (wrong.length === 0) return undefined;
  const missing = wrong.filter(([, left]) => left > 0).map(([text]) => text);
  const extra = wrong.filter(([, left]) => left < 0).map(([text]) => text);
  return (
    `expected ${expected.length} records, found ${found.length}; ` +
    `missing ${missing.length}: ${shown(missing)}; extra ${extra.length}: ${shown(extra)}`
  );
}

/** How a stream's records can be told from duplicates and sums of duplicates. */
type Exactness = 'records' | 'sums' | 'nothing';

function exactnessOf({ sources, nodes }: JobSpec, stream: number): Exactness {
  const node = nodes[stream - sources.length];
  if (node === undefined) return 'records';
  const inputs = node.inputs.map((input) => exactnessOf({ sources, nodes } as JobSpec, input));
  const areRecords = inputs.every((input) => input === 'records');
  if (!areRecords) return 'nothing';
  const sums = node.kind === 'buckets' || node.kind === 'connect' || node.kind === 'window';
  return sums ? 'sums' : 'records';
}

/** I2. */
function lackOf(
  expected: readonly SimRecord[],
  found: readonly SimRecord[],
  exactness: Exactness,
): string | undefined {
  if (exactness === 'nothing') return undefined;
  const largest = new Map<string, number>();
  const split = ({ id }: SimRecord): readonly [string, number] => {
    const at = exactness === 'sums' ? id.lastIndexOf('n') : -1;
    return at < 0 ? [id, 1] : [id.slice(0, at), Number(id.slice(at + 1))];
  };
  for (const record of found) {
    const [name, number] = split(record);
    largest.set(name, Math.max(largest.get(name) ?? 0, number));
  }
  const missing = expected.filter((record) => {
    const [name, number] = split(record);
    return (largest.get(name) ?? 0) < number;
  });
  if (missing.length === 0) return undefined;
  return `expected at least ${expected.length} records; missing ${missing.length}: ${shown(missing.map(textOf))}`;
}

function shown(texts: readonly string[]): string {
  return texts.slice(0, 5).join(' ');
}

function count(counts: Map<string, number>, record: SimRecord, by: number): void {
  const text = textOf(record);
  counts.set(text, (counts.get(text) ?? 0) + by);
}

function textOf({ id, key, value }: SimRecord): string {
  return `${id}/${key}/${value}`;
}
