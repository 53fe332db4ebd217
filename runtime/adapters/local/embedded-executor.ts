import type { JobExecutor } from '../../api/index.ts';
import { Doorbell } from '../../exchange/index.ts';
import { DoorbellThread } from './doorbell-thread.ts';
import { InThreadExecutor } from './in-thread-executor.ts';
import { openEmbeddedStorage } from './job-storage.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { StderrLogger, SystemClock, SystemRng, SystemTimers } from './system-world.ts';

/**
 * Runs jobs of plain scripts: in the calling thread, since their functions cannot be sent to
 * another one. `sluice run` gives a job module a thread for every slot.
 */
export function embeddedExecutor(): JobExecutor {
  const clock = new SystemClock();
  return new InThreadExecutor({
    clock,
    timers: new SystemTimers(),
    rng: new SystemRng(),
    logger: new StderrLogger(),
    fileSystem: new NodeFileSystem(),
    openStorage: openEmbeddedStorage,
    createThread: () => new DoorbellThread(new Doorbell(), clock),
    onPrint: (text) =>
      new Promise((resolve) => {
        process.stdout.write(text.endsWith('\n') ? text : `${text}\n`, () => resolve());
      }),
  });
}
