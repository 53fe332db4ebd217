/** The settings a schedule's jobs run with, drawn once. */
import type { SimRng } from './sim-rng.ts';

export type SimConfiguration = Readonly<Record<string, string | number | boolean>>;

export const CHECKPOINT_DIRECTORY = '/data/checkpoints';
export const SAVEPOINT_DIRECTORY = '/data/savepoints';

export function randomConfiguration(rng: SimRng): SimConfiguration {
  const mode = rng.pick(['aligned', 'aligned', 'unaligned', 'unaligned', 'at least once']);
  const unaligned = mode === 'unaligned';
  return {
    'pipeline.auto-watermark-interval': '5 ms',
    'execution.buffer-timeout.interval': '2 ms',
    'execution.checkpointing.dir': CHECKPOINT_DIRECTORY,
    'execution.checkpointing.mode': mode === 'at least once' ? 'AT_LEAST_ONCE' : 'EXACTLY_ONCE',
    'execution.checkpointing.interval': `${rng.pick([10, 25, 60])} ms`,
    'execution.checkpointing.timeout': `${rng.pick([60, 400])} ms`,
    'execution.checkpointing.min-pause': `${rng.pick([0, 0, 10])} ms`,
    'execution.checkpointing.max-concurrent-checkpoints': unaligned ? 1 : rng.pick([1, 2, 3]),
    'execution.checkpointing.tolerable-failed-checkpoints': 1_000_000,
    'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    'execution.checkpointing.num-retained': rng.pick([1, 2, 3]),
    'execution.checkpointing.incremental': rng.chance(0.7),
    'execution.checkpointing.unaligned.enabled': unaligned,
    'execution.checkpointing.aligned-checkpoint-timeout': `${rng.pick([0, 5, 20])} ms`,
    'task.cancellation.timeout': '60 ms',
    'restart-strategy.type': 'fixed-delay',
    'restart-strategy.fixed-delay.attempts': 1_000_000,
    'restart-strategy.fixed-delay.delay': '5 ms',
  };
}

/** Barriers may overtake records, so that checkpoints hold frames of channels. */
export function isUnaligned(configuration: SimConfiguration): boolean {
  return configuration['execution.checkpointing.unaligned.enabled'] === true;
}

/** Records may take effect more than once. */
export function isAtLeastOnce(configuration: SimConfiguration): boolean {
  return configuration['execution.checkpointing.mode'] === 'AT_LEAST_ONCE';
}

/** Jobs that may hibernate; only masters that work in turns let them. */
export function hibernating(rng: SimRng, configuration: SimConfiguration): SimConfiguration {
  return { ...configuration, 'sluice.hibernate-after': `${rng.pick([10, 20, 40, 80])} ms` };
}

/** How long such a job has to be idle. */
export function hibernateAfterMs(configuration: SimConfiguration): number {
  return Number.parseInt(`${configuration['sluice.hibernate-after']}`, 10);
}

export function isHibernating(configuration: SimConfiguration): boolean {
  return configuration['sluice.hibernate-after'] !== undefined;
}

/** The same for a master that works in turns: everything takes a few of them. */
export function slowedDown(configuration: SimConfiguration): SimConfiguration {
  const slowed = [
    ['execution.checkpointing.interval', 2],
    ['execution.checkpointing.timeout', 5],
    ['task.cancellation.timeout', 5],
  ] as const;
  const changes = slowed.map(([name, factor]) => {
    return [name, `${Number.parseInt(`${configuration[name]}`, 10) * factor} ms`];
  });
  return { ...configuration, ...Object.fromEntries(changes) };
}
