import { defaultMaxParallelism, MAX_MAX_PARALLELISM } from '../core/index.ts';
import { graphError } from './errors.ts';
import type { StreamGraph, StreamNode } from './stream-graph.ts';

export interface ResolvedParallelism {
  readonly parallelism: number;
  readonly maxParallelism: number;
}

/** The part of a StreamGraph that parallelism depends on. */
export type ParallelismDefaults = Pick<StreamGraph, 'defaultParallelism' | 'maxParallelism'>;

/**
 * How many subtasks and key groups a node gets: the operator's own setting, else the
 * environment's; 1 for nodes that only work alone; at most what a source can feed.
 *
 * @throws {StreamError} `PARALLELISM_ABOVE_MAX`, `NON_PARALLEL_OPERATOR`, and
 * `INVALID_PARALLELISM` or `INVALID_MAX_PARALLELISM` for numbers that are no such thing.
 */
export function resolveParallelism(
  node: StreamNode,
  defaults: ParallelismDefaults,
): ResolvedParallelism {
  const parallelism = resolveSubtasks(node, defaults.defaultParallelism);
  const explicitMax = node.maxParallelism ?? defaults.maxParallelism;
  if (explicitMax === -1) {
    const derived = defaultMaxParallelism(parallelism);
    checkMax(node, parallelism, derived);
    return { parallelism, maxParallelism: derived };
  }
  checkMaxParallelism(explicitMax, node.name);
  checkMax(node, parallelism, explicitMax);
  return { parallelism, maxParallelism: explicitMax };
}

function checkMax(node: StreamNode, parallelism: number, maxParallelism: number): void {
  if (parallelism <= maxParallelism) return;
  throw graphError(
    'PARALLELISM_ABOVE_MAX',
    `operator '${node.name}' has more subtasks than key groups: lower its parallelism or raise ` +
      `its max parallelism (at most ${MAX_MAX_PARALLELISM}) ` +
      `parallelism=${parallelism} maxParallelism=${maxParallelism}`,
    { operator: node.name, parallelism, maxParallelism },
  );
}

/**
 * @param where the operator's name, or what else the number was given to.
 * @throws {StreamError} `INVALID_PARALLELISM` unless it is a positive integer.
 */
export function checkParallelism(parallelism: number, where: string): void {
  if (Number.isSafeInteger(parallelism) && parallelism > 0) return;
  throw graphError(
    'INVALID_PARALLELISM',
    `the parallelism of ${where} must be a positive integer parallelism=${String(parallelism)}`,
    { where, parallelism: String(parallelism) },
  );
}

/** @throws {StreamError} `INVALID_MAX_PARALLELISM` unless it is an integer in 1..32768. */
export function checkMaxParallelism(maxParallelism: number, where: string): void {
  const inRange = maxParallelism >= 1 && maxParallelism <= MAX_MAX_PARALLELISM;
  if (Number.isInteger(maxParallelism) && inRange) return;
  throw graphError(
    'INVALID_MAX_PARALLELISM',
    `the max parallelism of ${where} must be an integer from 1 to ` +
      `${MAX_MAX_PARALLELISM} maxParallelism=${String(maxParallelism)}`,
    { where, maxParallelism: String(maxParallelism) },
  );
}

function resolveSubtasks(node: StreamNode, defaultParallelism: number): number {
  const parallelism = node.parallelism ?? (node.nonParallel ? 1 : defaultParallelism);
  checkParallelism(parallelism, `operator '${node.name}'`);
  if (node.nonParallel && parallelism !== 1) {
    throw graphError(
      'NON_PARALLEL_OPERATOR',
      `operator '${node.name}' only works with parallelism 1: remove its setParallelism, or key ` +
        `the stream first parallelism=${parallelism}`,
      { operator: node.name, parallelism },
    );
  }
  const limit = node.body.kind === 'source' ? node.body.source.maxParallelism : undefined;
  if (limit === undefined || parallelism <= limit) return parallelism;
  if (node.parallelism === undefined) return limit;
  throw graphError(
    'PARALLELISM_ABOVE_MAX',
    `source '${node.name}' cannot feed that many subtasks: lower its parallelism ` +
      `parallelism=${parallelism} maxParallelism=${limit}`,
    { operator: node.name, parallelism, maxParallelism: limit },
  );
}
