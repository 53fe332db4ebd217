/** CDK's own command line, run against the emulator: what `npx cdk deploy` does on an account. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Emulator, type ProcessOutput, runProcess } from './emulator/index.ts';

const COMMAND_TIMEOUT_MS = 180_000;
const REPOSITORY_ROOT = join(import.meta.dirname, '..', '..');
const CDK = join(
  createRequire(import.meta.url).resolve('aws-cdk/package.json'),
  '..',
  'bin',
  'cdk',
);
const QUIET = ['--no-notices', '--no-version-reporting', '--ci', '--progress=events'];

/** A CDK app and what it is told. */
export interface CdkApp {
  /** The app's module, absolute; run by Node with this repository's conditions. */
  readonly entry: string;
  /** `-c key=value` of the command line. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Outputs by stack and by output name. */
export type StackOutputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Makes the account ready for CDK (`cdk bootstrap`). Once an emulator.
 *
 * Its roles are really assumed by `deploy`, also with `auth`: an app is deployed as it is, with the
 * synthesizer that it has.
 *
 * @throws {ProcessFailure} with all that the command printed.
 */
export async function bootstrap(emulator: Emulator): Promise<void> {
  await cdk(emulator, ['bootstrap', `aws://${emulator.account}/${emulator.region}`]);
}

/**
 * Synthesizes an app and deploys all its stacks; a stack that is there already is updated.
 *
 * @throws {ProcessFailure} with all that the command printed.
 */
export async function deploy(emulator: Emulator, app: CdkApp): Promise<StackOutputs> {
  const outputsFile = join(emulator.workDirectory, 'outputs.json');
  const flags = ['--all', '--require-approval=never', `--outputs-file=${outputsFile}`];
  await cdk(emulator, ['deploy', ...flags, ...appFlags(emulator, app)]);
  return JSON.parse(readFileSync(outputsFile, 'utf8'));
}

/**
 * Deletes all stacks of an app, as `cdk destroy` does; what their removal policies keep, stays.
 *
 * @throws {ProcessFailure} with all that the command printed.
 */
export async function destroy(emulator: Emulator, app: CdkApp): Promise<void> {
  await cdk(emulator, ['destroy', '--all', '--force', ...appFlags(emulator, app)]);
}

function appFlags({ workDirectory }: Emulator, { entry, context = {} }: CdkApp): string[] {
  // Without `exec` CDK takes the first and the last quotation mark for a pair.
  const command = `exec "${process.execPath}" --conditions=sluice-source "${entry}"`;
  const values = Object.entries(context).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return ['--app', command, '--output', join(workDirectory, 'cdk.out'), ...values];
}

function cdk(emulator: Emulator, args: readonly string[]): Promise<ProcessOutput> {
  const home = join(emulator.workDirectory, 'cdk-home');
  mkdirSync(home, { recursive: true });
  return runProcess(process.execPath, [CDK, ...args, ...QUIET], {
    cwd: REPOSITORY_ROOT,
    environment: {
      ...emulator.environment,
      // Nothing is written to, or read from, the user's home.
      ...{ CDK_HOME: home, CDK_DISABLE_CLI_TELEMETRY: 'true' },
      ...{ AWS_CONFIG_FILE: join(home, 'config'), AWS_SHARED_CREDENTIALS_FILE: join(home, 'none') },
      // The emulator speaks HTTP on the loopback interface; a proxy has no part in that.
      NO_PROXY: '127.0.0.1,localhost',
    },
    timeoutMs: COMMAND_TIMEOUT_MS,
  });
}
