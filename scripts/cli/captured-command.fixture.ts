/** A command of the CLI, run in the test's own process. */
import { main } from './main.ts';

/** How it ended, and all that it has written. */
export interface CapturedCommand {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end; without an environment but for what is given. */
export async function capturedCommand(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
  { isTTY = false }: { readonly isTTY?: boolean } = {},
): Promise<CapturedCommand> {
  let [out, err] = ['', ''];
  const code = await main(args, {
    cwd,
    environment,
    stdout: { write: (text) => (out += text) },
    stderr: { isTTY, write: (text) => (err += text) },
    engineRoot: '/engine',
  });
  return { code, out, err };
}
