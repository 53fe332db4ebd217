/** What a run tells of a job's traffic and state, for `sluice estimate --from-run`. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  COST_ASSUMPTIONS,
  type CostEvents,
  factsOf,
  type OperatorFacts,
  sourcesOf,
} from '../../runtime/adapters/aws/cost/index.ts';
import {
  ConfigOptions,
  Configuration,
  type ConfigValue,
  StreamError,
} from '../../runtime/core/index.ts';
import type { JobGraph } from '../../runtime/graph/index.ts';
import { ClusterClient, type JsonObject } from './cluster-client.ts';
import type { ConsoleWorld } from './console-world.ts';
import type { ParsedOptions } from './parse-options.ts';

/** What a run has counted. */
export interface RunFacts {
  readonly durationMs: number;
  readonly vertices: readonly RunVertex[];
  /** That were completed. */
  readonly checkpointCount: number;
  /** Means over its checkpoints; absent without any. */
  readonly checkpoints?: { readonly stateBytes: number; readonly writtenBytes: number };
  /** What it ran with; empty where the run does not say. */
  readonly configuration: Configuration;
}

/** Sums over subtasks. */
export interface RunVertex {
  readonly id: string;
  readonly name: string;
  /** Absent where the run does not say. */
  readonly parallelism?: number;
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly bytesOut: number;
  readonly busyMs: number;
}

/** A job id of a cluster, or else a file. */
export async function readRun(
  given: string,
  options: ParsedOptions,
  world: ConsoleWorld,
): Promise<RunFacts> {
  if (/^[0-9a-fA-F]{32}$/.test(given)) {
    const client = await ClusterClient.of(options, world);
    const path = `/jobs/${given.toLowerCase()}`;
    const job = await client.get(path);
    return parseRun({ ...job, checkpoints: await client.get(`${path}/checkpoints`) }, given);
  }
  return parseRun(await readJson(resolve(world.cwd, given), given), given);
}

async function readJson(path: string, given: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const text = 'a run is a job id of a cluster, or a JSON file that can be read';
    throw invalidRun(text, given, cause);
  }
}

/**
 * Reads what `GET /jobs/<id>` answers, with `checkpoints` as `GET /jobs/<id>/checkpoints` does if
 * it is there, which is what `sluice run --report` writes; or a job's result, or its snapshot.
 *
 * @throws {StreamError} `RUN_UNREADABLE`
 */
export function parseRun(value: unknown, given: string): RunFacts {
  const run = objectOf(value);
  const snapshot = Array.isArray(run.vertices) ? run : objectOf(run.metrics);
  const durationMs = Number(snapshot.duration ?? snapshot.elapsedMs);
  const vertices = Array.isArray(snapshot.vertices) ? snapshot.vertices.map(vertexOf) : [];
  if (!(durationMs > 0) || vertices.length === 0) {
    throw invalidRun('a run has a duration and vertices, as GET /jobs/<id> answers them', given);
  }
  const wrong = vertices.find(({ recordsIn, recordsOut }) => !(recordsIn >= 0 && recordsOut >= 0));
  if (wrong !== undefined) throw invalidRun(`the counters of '${wrong.name}' are missing`, given);
  const checkpoints = checkpointsOf(run.checkpoints);
  const completed = Number(objectOf(objectOf(run.checkpoints).counts).completed);
  const checkpointCount = completed > 0 ? completed : 0;
  return {
    durationMs,
    vertices,
    checkpointCount,
    configuration: Configuration.fromRecord(
      { ...shownBy(vertices), ...valuesOf(run.configuration) },
      'the run',
    ),
    ...(checkpoints === undefined ? {} : { checkpoints }),
  };
}

/** A job of a cluster does not tell its options; its widest vertex ran at its parallelism. */
function shownBy(vertices: readonly RunVertex[]): Readonly<Record<string, ConfigValue>> {
  const widest = Math.max(...vertices.map(({ parallelism = 0 }) => parallelism));
  return widest >= 1 ? { [ConfigOptions.DEFAULT_PARALLELISM.key]: widest } : {};
}

/** What is no option's value is passed over. */
function valuesOf(value: unknown): Readonly<Record<string, ConfigValue>> {
  const isValue = ([, one]: [string, unknown]): boolean =>
    /^(string|number|boolean)$/.test(typeof one);
  return Object.fromEntries(
    Object.entries(objectOf(value)).filter(isValue) as [string, ConfigValue][],
  );
}

function vertexOf(value: unknown): RunVertex {
  const vertex = objectOf(value);
  const metrics = objectOf(vertex.metrics);
  const parallelism = Number(vertex.parallelism);
  const count = (flink: string, own: string): number => Number(metrics[flink] ?? vertex[own]);
  return {
    id: String(vertex.id),
    name: String(vertex.name),
    ...(parallelism >= 1 ? { parallelism } : {}),
    recordsIn: count('read-records', 'numRecordsIn'),
    recordsOut: count('write-records', 'numRecordsOut'),
    bytesOut: count('write-bytes', 'numBytesOut') || 0,
    busyMs: count('accumulated-busy-time', 'busyTimeMs') || 0,
  };
}

function checkpointsOf(value: unknown): RunFacts['checkpoints'] {
  const summary = objectOf(objectOf(value).summary);
  const stateBytes = Number(objectOf(summary.state_size).avg);
  const writtenBytes = Number(objectOf(summary.checkpointed_size).avg);
  return stateBytes > 0 && writtenBytes >= 0 ? { stateBytes, writtenBytes } : undefined;
}

/**
 * What happened in the run: its beginning and its end, its checkpoints, a hand-over of each
 * TaskManager in each lease. Restarts are not known.
 */
export function eventsOfRun(run: RunFacts, taskManagers: number, leaseMs: number): CostEvents {
  const { durationMs, checkpointCount } = run;
  const handOvers = taskManagers * Math.floor(durationMs / leaseMs);
  const metrics = durationMs / COST_ASSUMPTIONS.reports.metricsLingerMs;
  return {
    activeS: durationMs / 1_000,
    checkpoints: checkpointCount,
    wantedCheckpoints: Math.min(checkpointCount, handOvers / 2),
    handOvers,
    attempts: 1,
    jobs: 1,
    metricsReports: Math.max(0, metrics - checkpointCount),
    apiRequests: 2,
  };
}

/** Slots that were busy, on average; undefined when the run does not say. */
export function busySlots({ vertices, durationMs }: RunFacts): number | undefined {
  const busyMs = vertices.reduce((sum, vertex) => sum + vertex.busyMs, 0);
  return busyMs === 0 ? undefined : busyMs / durationMs;
}

/**
 * What operators did in the run: the head of a vertex stands for its chain. State is spread evenly
 * over the keyed operators, which have so many keys.
 *
 * @param rateRecordsPerS of all sources together, in place of the run's.
 * @throws {StreamError} `RUN_OF_ANOTHER_JOB`
 */
export function operatorsOfRun(
  run: RunFacts,
  jobGraph: JobGraph,
  keys: number,
  rateRecordsPerS: number | undefined,
): readonly OperatorFacts[] {
  const durationS = run.durationMs / 1_000;
  const sources = new Set(sourcesOf(jobGraph).map(({ nodeId }) => nodeId));
  const measured = jobGraph.vertices.map(({ id, name }) => {
    const vertex =
      run.vertices.find((one) => one.id === id) ?? run.vertices.find((one) => one.name === name);
    if (vertex !== undefined) return vertex;
    throw new StreamError({
      kind: 'invalid',
      code: 'RUN_OF_ANOTHER_JOB',
      message:
        'the run is one of another job, or of another version: it lacks a vertex of this one; ' +
        `vertex=${name}`,
      details: { vertex: name },
    });
  });
  const isSource = (i: number): boolean =>
    sources.has(jobGraph.vertices[i]?.operators[0]?.nodeId ?? -1);
  const recordsIn = measured.reduce((sum, one, i) => sum + (isSource(i) ? one.recordsIn : 0), 0);
  const factor =
    rateRecordsPerS === undefined || recordsIn === 0
      ? 1
      : (rateRecordsPerS * durationS) / recordsIn;
  const state = stateFacts(run, jobGraph, keys);
  return jobGraph.vertices.flatMap(({ id, operators }, i): readonly OperatorFacts[] => {
    const [head] = operators;
    const vertex = measured[i];
    if (head === undefined || vertex === undefined) return [];
    const edges = jobGraph.edges.filter(({ sourceVertexId }) => sourceVertexId === id);
    const { recordsIn: taken, recordsOut: given, bytesOut } = vertex;
    return [
      {
        operator: head.operatorId,
        ...(isSource(i) ? { rateRecordsPerS: (taken * factor) / durationS } : {}),
        ...(edges.length > 0 && taken > 0 ? { selectivity: given / edges.length / taken } : {}),
        ...(given > 0 && bytesOut > 0 ? { recordBytes: bytesOut / given } : {}),
        ...(isKeyed(jobGraph, id) ? state : {}),
      },
    ];
  });
}

function stateFacts(
  { checkpoints }: RunFacts,
  jobGraph: JobGraph,
  keys: number,
): Partial<OperatorFacts> {
  if (checkpoints === undefined) return {};
  const keyed = jobGraph.vertices.filter(({ id }) => isKeyed(jobGraph, id)).length;
  const { stateBytes, writtenBytes } = checkpoints;
  return {
    keys,
    stateBytesPerKey: stateBytes / Math.max(1, keyed * keys),
    dirtyShare: Math.min(1, writtenBytes / stateBytes),
  };
}

function isKeyed({ edges }: JobGraph, vertexId: string): boolean {
  return edges.some((edge) => edge.targetVertexId === vertexId && edge.partitioner === 'HASH');
}

/** What is said of an operator counts before what a run has shown of it. */
export function mergeOperators(
  said: readonly OperatorFacts[],
  measured: readonly OperatorFacts[],
  { vertices }: JobGraph,
): readonly OperatorFacts[] {
  const heads = vertices.flatMap(({ operators }) => operators.slice(0, 1));
  const merged = measured.map((facts): OperatorFacts => {
    const head = heads.find(({ operatorId }) => operatorId === facts.operator);
    const own = head === undefined ? undefined : factsOf(said, head);
    return own === undefined ? facts : { ...facts, ...own };
  });
  const used = new Set(merged.map(({ operator }) => operator));
  return [...merged, ...said.filter(({ operator }) => !used.has(operator))];
}

function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function invalidRun(text: string, given: string, cause?: unknown): StreamError {
  return new StreamError({
    ...{ kind: 'invalid', code: 'RUN_UNREADABLE', message: `${text}: run=${given}` },
    ...(cause === undefined ? {} : { cause }),
  });
}
