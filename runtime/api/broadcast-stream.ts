import type { MapStateDescriptor } from '../state/index.ts';
import { invalid } from './arguments.ts';
import type { Upstream } from './job-program.ts';

/** A stream of which every record goes to every subtask, and the broadcast states it fills. */
export class BroadcastStream<T> {
  readonly #upstream: Upstream;
  readonly #descriptors: readonly MapStateDescriptor<unknown, unknown>[];
  /** Never present at run time. */
  declare readonly _t?: T;

  /** @internal `upstream` is broadcast already. */
  constructor(upstream: Upstream, descriptors: readonly MapStateDescriptor<unknown, unknown>[]) {
    checkDescriptors(descriptors);
    this.#upstream = upstream;
    this.#descriptors = descriptors;
  }

  /** @internal */
  get upstream(): Upstream {
    return this.#upstream;
  }

  /** @internal */
  get descriptors(): readonly MapStateDescriptor<unknown, unknown>[] {
    return this.#descriptors;
  }
}

/** @throws {StreamError} `INVALID_ARGUMENT`. */
function checkDescriptors(descriptors: readonly unknown[]): void {
  const names = new Set<string>();
  for (const descriptor of descriptors) {
    if (!isMapDescriptor(descriptor)) {
      throw invalid(
        'INVALID_ARGUMENT',
        "broadcast expects MapStateDescriptors, such as new MapStateDescriptor('rules')",
        descriptor,
      );
    }
    const { name, options } = descriptor;
    if (names.has(name)) {
      throw invalid('INVALID_ARGUMENT', `broadcast got two descriptors with one name: '${name}'`);
    }
    names.add(name);
    if (options.queryable !== undefined && options.queryable !== false) {
      throw invalid(
        'INVALID_ARGUMENT',
        `broadcast state has no keys to be asked by, make a keyed state queryable: leave queryable out of the descriptor '${name}'`,
      );
    }
    if (options.ttl === undefined) continue;
    throw invalid(
      'INVALID_ARGUMENT',
      `broadcast state has no time to live, its copies would differ: remove entries in processBroadcastElement, and ttl from the descriptor '${name}'`,
    );
  }
}

function isMapDescriptor(value: unknown): value is MapStateDescriptor<unknown, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return 'kind' in value && value.kind === 'map' && 'name' in value && 'options' in value;
}
