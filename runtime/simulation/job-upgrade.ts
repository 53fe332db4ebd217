/**
 * New releases of a simulated job: what may change between a savepoint and the job that goes on
 * from it, without a change of what it computes.
 */
import { type JobSpec, type NodeSpec, randomParallelism } from './job-spec.ts';
import type { SimRng } from './sim-rng.ts';

/** The same job with another parallelism. */
export function rescaled(spec: JobSpec, rng: SimRng): JobSpec {
  const widest = rng.int(1, 4);
  return { ...spec, parallelism: randomParallelism(rng, spec.parallelism.length, widest) };
}

/**
 * The same job with another parallelism, and the same chains: vertices of equal parallelism keep
 * equal ones. Checkpoints that hold frames of channels ask for that.
 */
export function rescaledAlike(spec: JobSpec, rng: SimRng): JobSpec {
  const shift = rng.int(1, 3);
  return { ...spec, parallelism: spec.parallelism.map((p) => ((p - 1 + shift) % 4) + 1) };
}

/**
 * Operators are chained anew; operators that pass records on come and go, with and without state,
 * and their state gains and loses fields.
 */
export function upgraded(spec: JobSpec, rng: SimRng): JobSpec {
  const streams = spec.sources.length + spec.nodes.length;
  return {
    ...spec,
    unchained: Array.from({ length: streams }, (_, i) => i).filter(() => rng.chance(0.3)),
    nodes: spec.nodes.map((node): NodeSpec => {
      if (node.kind !== 'pass') return node;
      return { ...node, release: rng.int(0, 2), layers: rng.int(0, 2) };
    }),
  };
}

/** Whether `next` has no place for some state that a checkpoint of `spec` may hold. */
export function dropsState(spec: JobSpec, next: JobSpec): boolean {
  return spec.nodes.some((node, i) => {
    const after = next.nodes[i];
    return (
      node.kind === 'pass' && after?.kind === 'pass' && node.release > 0 && after.release === 0
    );
  });
}
