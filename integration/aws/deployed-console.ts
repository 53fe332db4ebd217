/** `sluice console` in front of a cluster in the emulator: a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY_ROOT } from '../../scripts/source-files.ts';
import { httpApiHost } from './http-api.ts';
import { type DeployedCluster, PREFIX } from './jobs/deployed-cluster.ts';

export class DeployedConsole {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  readonly #process: ChildProcess;

  private constructor(origin: string, started: ChildProcess) {
    this.origin = origin;
    this.#process = started;
  }

  /** Finds the cluster in a file of outputs, as `cdk deploy --outputs-file` writes it. */
  static async start({ app: { emulator, outputs } }: DeployedCluster): Promise<DeployedConsole> {
    const { ApiUrl = '' } = Object.values(outputs)[0] ?? {};
    const host = httpApiHost(emulator, /\/\/([^.]+)\./.exec(ApiUrl)?.[1] ?? '');
    const file = join(emulator.workDirectory, 'console-outputs.json');
    writeFileSync(file, JSON.stringify({ [PREFIX]: { ApiUrl: `http://${host}/` } }));
    const loopback = join(REPOSITORY_ROOT, 'integration', 'aws', 'localhost-names.ts');
    const options = ['--cluster', PREFIX, '--outputs-file', file, '--port', '0', '--json'];
    const sluice = join(REPOSITORY_ROOT, 'scripts', 'sluice.mjs');
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, NODE_OPTIONS: `--import=${loopback}`, ...emulator.environment };
    const started = spawn(process.execPath, [sluice, 'console', ...options], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return new DeployedConsole(await originOf(started), started);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill();
    await ended;
  }
}

async function originOf(started: ChildProcess): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    let text = '';
    started.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const origin = /"url":\s*"(http:[^"]+)\/"/.exec(text)?.[1];
      if (origin !== undefined) resolve(origin);
    });
    started.once('exit', () => reject(new Error(`sluice console has ended: ${text}`)));
  });
}
