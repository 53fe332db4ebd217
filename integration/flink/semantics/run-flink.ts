/** Runs the Java programs of this folder with Flink's published jars. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flinkClassPath } from '../flink-command-line.ts';

const POM = fileURLToPath(new URL('./pom.xml', import.meta.url));
const JAVA_FOLDER = fileURLToPath(new URL('./java', import.meta.url));
const COMPILE_TIMEOUT_MS = 120_000;
const RUN_TIMEOUT_MS = 600_000;
/** Flink's serializers look into these. */
const OPENED = ['util', 'lang', 'time'].map(
  (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
);

/** Compiles once and runs `Main` as often as asked. */
export class FlinkPrograms {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-flink-semantics-'));
  readonly #classPath: string;

  constructor() {
    const jars = flinkClassPath(POM);
    const sources = readdirSync(JAVA_FOLDER).map((name) => join(JAVA_FOLDER, name));
    run('javac', ['-nowarn', '-d', this.#folder, '-cp', jars, ...sources], COMPILE_TIMEOUT_MS);
    this.#classPath = [this.#folder, jars].join(delimiter);
  }

  /** The records that `Main verb input` wrote. */
  answer<T>(verb: string, input: string): T[] {
    const output = join(this.#folder, `${verb}.jsonl`);
    const main = ['-cp', this.#classPath, 'Main', verb, input, output];
    run('java', [...OPENED, ...main], RUN_TIMEOUT_MS);
    const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  /** The records that `Main verb` wrote about these. */
  answersTo<T>(verb: string, cases: readonly unknown[]): T[] {
    const input = join(this.#folder, `${verb}-cases.jsonl`);
    writeFileSync(input, cases.map((one) => `${JSON.stringify(one)}\n`).join(''));
    return this.answer(verb, input);
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], timeoutMs: number): void {
  const { status, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: timeoutMs,
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? ''}\n${stderr}`);
}
