/** Flink's own command line, from its published jars. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const POM = fileURLToPath(new URL('./pom.xml', import.meta.url));
const MAIN_CLASS = 'org.apache.flink.client.cli.CliFrontend';
const JAVA_MAJOR = 17;
const RESOLVE_TIMEOUT_MS = 600_000;
const COMMAND_TIMEOUT_MS = 90_000;

/** How a command ended. */
export interface EndedCommand {
  /** Null: it took too long. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What is missing on this machine to run Flink; undefined: nothing. */
export function missingTools(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const [, major = '0'] = /version "(\d+)/.exec(java.stderr ?? '') ?? [];
  if (Number(major) < JAVA_MAJOR) {
    const found = java.error === undefined ? `Java ${major}` : 'none';
    return `Java ${JAVA_MAJOR} or newer is needed on the PATH; found=${found}`;
  }
  if (spawnSync('mvn', ['-version']).error === undefined) return undefined;
  return 'Maven is needed on the PATH, to resolve the jars of Flink';
}

/** The class path that a POM describes; resolved once for each version of it. */
export function flinkClassPath(pom = POM): string {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), 'sluice-flink');
  const file = join(folder, `classpath-${hash}`);
  if (existsSync(file)) {
    const known = readFileSync(file, 'utf8');
    if (known.split(delimiter).every((jar) => existsSync(jar))) return known;
  }
  mkdirSync(folder, { recursive: true });
  const output = `${file}.${process.pid}.tmp`;
  const args = ['-B', '-q', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${output}`];
  const { status, stdout, stderr } = spawnSync('mvn', args, {
    encoding: 'utf8',
    timeout: RESOLVE_TIMEOUT_MS,
  });
  if (status !== 0) {
    throw new Error(`Maven could not resolve the jars of Flink:\n${stdout}${stderr}`);
  }
  renameSync(output, file);
  return readFileSync(file, 'utf8').trim();
}

/** Runs `flink` with the cluster at an address. */
export class FlinkCommandLine {
  readonly #classPath = flinkClassPath();
  readonly #configuration: string;

  /** @param folder of its own, for its configuration. */
  constructor(folder: string, address: string) {
    const [host, port] = address.split(':');
    this.#configuration = folder;
    mkdirSync(folder, { recursive: true });
    const lines = [`rest.address: ${host}`, `rest.port: ${port}`];
    writeFileSync(join(folder, 'config.yaml'), `${lines.join('\n')}\n`);
  }

  async run(args: readonly string[], cwd: string): Promise<EndedCommand> {
    // As bin/flink calls it. The classes of a short command need no optimizing compiler.
    const java = ['-XX:TieredStopAtLevel=1', '-cp', this.#classPath, MAIN_CLASS, ...args];
    const env = { ...process.env, FLINK_CONF_DIR: this.#configuration };
    return await ended(spawn('java', java, { cwd, env, timeout: COMMAND_TIMEOUT_MS }));
  }
}

/** Waits for a process. */
export function ended(child: ReturnType<typeof spawn>): Promise<EndedCommand> {
  return new Promise((resolve, reject) => {
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}
