/** An emulator with a CDK app deployed to it, for a suite: made before it, ended after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, type CdkApp, deploy, type StackOutputs } from './cdk-cli.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from './emulator/index.ts';

/** Where an app runs, and what it says of itself. */
export interface DeployedApp {
  readonly emulator: Emulator;
  readonly outputs: StackOutputs;
  /** Deploys again, with other context; the new outputs. */
  redeploy(context: CdkApp['context']): Promise<StackOutputs>;
  /** Ends the emulator and removes its directory, which SLUICE_KEEP_EMULATOR=1 keeps. */
  stop(): Promise<void>;
}

/**
 * Starts an emulator in a temporary directory, bootstraps it and deploys the app.
 *
 * @throws {EmulatorUnavailable} without Python and what else it needs.
 * @throws {ProcessFailure} when the app cannot be synthesized or deployed.
 */
export async function deployApp(
  app: CdkApp,
  options: Omit<EmulatorOptions, 'workDirectory'> = {},
): Promise<DeployedApp> {
  const workDirectory = mkdtempSync(join(tmpdir(), 'sluice-aws-'));
  const emulator = await startEmulator({ ...options, workDirectory });
  const stop = async (): Promise<void> => {
    await emulator.stop();
    const isKept = process.env.SLUICE_KEEP_EMULATOR === '1';
    if (isKept) process.stdout.write(`kept: ${workDirectory}\n`);
    else rmSync(workDirectory, { recursive: true, force: true });
  };
  try {
    await bootstrap(emulator);
    const outputs = await deploy(emulator, app);
    const redeploy = (context: CdkApp['context'] = {}) => deploy(emulator, { ...app, context });
    return { emulator, outputs, redeploy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
