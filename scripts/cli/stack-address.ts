/** Finds a deployed cluster by the name of its stack. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { badArguments } from './parse-options.ts';

/** What `cdk deploy --outputs-file cluster.json` writes. */
const OUTPUTS_FILE = 'cluster.json';
const OUTPUT = 'ApiUrl';

/** Whether it reads as an address, and not as a name. */
export function isAddress(text: string): boolean {
  return /[:./]/.test(text);
}

/**
 * The address of a stack's API, of the file that its deployment wrote.
 *
 * @throws {StreamError} `BAD_ARGUMENTS`
 */
export async function stackAddress(name: string, cwd: string): Promise<string> {
  const path = join(cwd, OUTPUTS_FILE);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw badArguments(
      `The stack ${name} is looked up in ${OUTPUTS_FILE}, which is not here: deploy with ` +
        `--outputs-file ${OUTPUTS_FILE}, or give the URL of its output ${OUTPUT}.`,
    );
  }
  const stacks = parsed(text);
  const url = stacks[name]?.[OUTPUT];
  if (url !== undefined) return url.replace(/\/$/, '');
  const known = Object.keys(stacks).filter((one) => stacks[one]?.[OUTPUT] !== undefined);
  throw badArguments(
    `${OUTPUTS_FILE} has no output ${OUTPUT} of a stack ${name}; it has ` +
      `${known.length === 0 ? 'none of any' : `those of ${known.join(', ')}`}.`,
  );
}

type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

function parsed(text: string): Outputs {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Outputs;
  } catch {
    // Answered below.
  }
  throw badArguments(`${OUTPUTS_FILE} is no JSON object of stacks and their outputs.`);
}
