/** A process under test: what it has printed, and how it ended. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Child {
  readonly name: string;
  /** Lines of stdout and stderr, in the order in which they came. */
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  readonly #process: ChildProcess;
  #onLine: (() => void) | undefined;

  /**
   * @param args of Node.
   * @param logFile takes all it prints.
   */
  constructor(name: string, args: readonly string[], cwd: string, logFile: string) {
    this.name = name;
    this.#process = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#process.on('close', (code, signal) => {
      this.exit = { code, signal };
      resolve(this.exit);
      this.#onLine?.();
    });
    appendFileSync(logFile, `--- ${name} pid=${this.pid} ${args.slice(-14).join(' ')}\n`);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        appendFileSync(logFile, text);
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        this.lines.push(...lines);
        this.#onLine?.();
      });
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** @returns undefined when the process has ended without printing such a line. */
  async line(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray | undefined> {
    const endsAtMs = Date.now() + timeoutMs;
    for (let from = 0; ; ) {
      for (; from < this.lines.length; from += 1) {
        const match = pattern.exec(this.lines[from] ?? '');
        if (match !== null) return match;
      }
      if (this.exit !== undefined) return undefined;
      const leftMs = endsAtMs - Date.now();
      if (leftMs <= 0) {
        throw new Error(`${this.name} has not printed ${pattern} in ${timeoutMs} ms`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#onLine = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Processes it has started that still run. */
  children(): number[] {
    try {
      const text = execFileSync('pgrep', ['-P', String(this.pid)], { encoding: 'utf8' });
      return text.trim().split('\n').map(Number);
    } catch {
      return [];
    }
  }
}
