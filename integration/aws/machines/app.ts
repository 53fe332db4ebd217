/** The real stack, with stand-ins for all functions but the sweeper and `ticks`. */
import { join } from 'node:path';
import { App, Duration } from 'aws-cdk-lib';
import { buildSync } from 'esbuild';
import { JobManagerStack } from '../../../cdk/index.ts';
import { buildFunctions } from '../../../scripts/build-functions.ts';

const app = new App();
const functionsDirectory = join(app.outdir, 'stand-ins');
await buildFunctions(undefined, functionsDirectory);
for (const name of ['api', 'plan', 'coordinator', 'taskmanager', 'settle']) {
  buildSync({
    ...{ entryPoints: [join(import.meta.dirname, 'stand-in.ts')], bundle: true },
    ...{ platform: 'node', target: 'node24', format: 'esm', mainFields: ['module', 'main'] },
    conditions: ['sluice-source'],
    define: { TOLD_FILE: JSON.stringify(join(app.outdir, '..', 'told.jsonl')) },
    banner: {
      js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
    },
    outfile: join(functionsDirectory, name, 'index.mjs'),
    allowOverwrite: true,
  });
}
new JobManagerStack(app, 'Machines', {
  stackName: 'machines',
  cluster: { functionsDirectory, turnTimeout: Duration.seconds(10) },
});
app.synth();
