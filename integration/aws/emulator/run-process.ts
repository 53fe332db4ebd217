import { spawn } from 'node:child_process';

/** How to run a process; what is absent is inherited. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment, not additions to it. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

/** What a process printed. */
export interface ProcessOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A process could not be started, failed, or ran into its timeout. */
export class ProcessFailure extends Error {
  /** Not enumerable: the message has it already. */
  readonly #output: string;

  constructor(message: string, output: ProcessOutput, options?: ErrorOptions) {
    const text = `${output.stdout}${output.stderr}`.trimEnd();
    super(`${message}\n${text}`.trimEnd(), options);
    this.name = 'ProcessFailure';
    this.#output = text;
  }

  /** The end of what it printed, where the reason usually is. */
  lastLines(count: number): string {
    return this.#output === '' ? this.message : this.#output.split('\n').slice(-count).join('\n');
  }
}

/**
 * Runs a process to its end.
 *
 * @throws {ProcessFailure} when it cannot be started, exits with another code than 0, is ended by a
 * signal or by the timeout.
 */
export function runProcess(
  command: string,
  args: readonly string[],
  { cwd, environment = process.env, timeoutMs }: ProcessOptions,
): Promise<ProcessOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<ProcessOutput>();
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...{ env: { ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
    ...{ timeout: timeoutMs, killSignal: 'SIGKILL' },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const called = `${command} ${args.join(' ')}`;
  child.on('error', (cause) =>
    reject(new ProcessFailure(`could not start: ${called}: ${cause.message}`, output, { cause })),
  );
  child.on('close', (code, signal) => {
    if (code === 0) return resolve(output);
    const end = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
    reject(new ProcessFailure(`${end}: ${called} (timeoutMs=${timeoutMs})`, output));
  });
  return promise;
}
