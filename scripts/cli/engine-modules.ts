/** The engine, as bundled jobs, the threads and processes of a cluster, and browsers find it. */
import { fileURLToPath } from 'node:url';
import * as cep from '../../runtime/cep/index.ts';
import * as sluice from '../../runtime/index.ts';
import * as stateProcessor from '../../runtime/state-processor/index.ts';

/** A bundled job imports the engine's modules from there, so that it shares their classes. */
export function shareEngine(): void {
  Object.assign(globalThis, {
    [Symbol.for('sluice.api')]: sluice,
    [Symbol.for('sluice.cep')]: cep,
    [Symbol.for('sluice.state-processor')]: stateProcessor,
  });
}

/** The names that the module `sluice` exports. */
export function engineExports(): readonly string[] {
  return Object.keys(sluice);
}

/** Modules of their own: entries of threads and processes, and what is loaded late. */
export type EngineModule = 'slot-worker' | 'task-manager-process' | 'prometheus' | 'open-telemetry';

/** Beside this module in dist/, in the runtime when run from source. */
export function engineModuleUrl(name: EngineModule): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../../runtime/${name}.ts` : `./${name}.js`, import.meta.url);
}

/** The console that was built; not there when run from source without a build. */
export function consoleFolder(): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(isSource ? '../../dist/console' : './console', import.meta.url));
}
