import type { JobMaster } from '../jobmaster/index.ts';
import type { SimProcess } from './sim-process.ts';

/** What people ask of a job, whoever is its master. */
export interface SimJobControl {
  readonly isRunning: boolean;
  readonly vertexIds: readonly string[];
  checkpoint(kind: 'CONFIGURED' | 'FULL'): Promise<void>;
  /** @returns its path. */
  savepoint(targetDirectory: string): Promise<string>;
  stop(drain: boolean, targetDirectory: string): Promise<void>;
  rescale(parallelism: Readonly<Record<string, number>>): Promise<void>;
  cancel(): void;
}

/** Of a master that runs in a process. */
export function masterControl(master: JobMaster, host: SimProcess): SimJobControl {
  return {
    isRunning: master.status === 'RUNNING',
    vertexIds: master.snapshot().vertices.map(({ id }) => id),
    checkpoint: async (kind) => {
      await master.triggerCheckpoint(kind);
    },
    savepoint: (targetDirectory) => master.triggerSavepoint(targetDirectory),
    stop: async (drain, target) => {
      await master.stopWithSavepoint({ drain, target });
    },
    rescale: (parallelism) => master.rescale(parallelism),
    cancel: () => host.enter(() => master.cancel()),
  };
}
