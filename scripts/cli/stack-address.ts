/** Finds a deployed cluster by the name of its stack, in the outputs that its deployment wrote. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { badArguments } from './parse-options.ts';

/** What `cdk deploy --outputs-file cluster.json` writes. */
const OUTPUTS_FILE = 'cluster.json';
const OUTPUT = 'ApiUrl';

/** Where a stack is looked up. */
export interface StackPlace {
  readonly cwd: string;
  /** `--outputs-file`; `cluster.json` if it is not given. */
  readonly outputsFile?: string;
}

/** Whether it reads as an address, and not as a name. */
export function isAddress(text: string): boolean {
  return /[:./]/.test(text);
}

/**
 * The address of a stack's API, of the file that its deployment wrote.
 *
 * @param name of the stack. Undefined: the only one in the file that has an API.
 * @throws {StreamError} `BAD_ARGUMENTS`, and what to do.
 */
export async function stackAddress(name: string | undefined, place: StackPlace): Promise<string> {
  const { cwd, outputsFile = OUTPUTS_FILE } = place;
  const text = await readFile(resolve(cwd, outputsFile), 'utf8').catch(() => undefined);
  if (text === undefined) {
    const isDefault = place.outputsFile === undefined;
    const told = isDefault ? `${OUTPUTS_FILE} of this directory, which` : `${outputsFile}, which`;
    throw badArguments(
      `${name === undefined ? 'Stacks are' : `The stack ${name} is`} looked up in ${told} ` +
        `cannot be read. ${ways(name)}`,
    );
  }
  const stacks = parsed(text, outputsFile);
  const known = Object.keys(stacks).filter((one) => stacks[one]?.[OUTPUT] !== undefined);
  const [only] = known;
  const found = name ?? (known.length === 1 ? only : undefined);
  const url = found === undefined ? undefined : stacks[found]?.[OUTPUT];
  if (url !== undefined) return url.replace(/\/$/, '');
  const has = `it has ${known.length === 0 ? 'none of any' : `those of ${known.join(', ')}`}.`;
  if (name !== undefined) {
    const lacks = `${outputsFile} has no output ${OUTPUT} of a stack ${name}; ${has}`;
    throw badArguments(known.length === 0 ? `${lacks} ${ways(name)}` : lacks);
  }
  throw badArguments(
    `${outputsFile} has not the output ${OUTPUT} of one stack; ${has} ` +
      (known.length === 0 ? ways(name) : 'Say which: --cluster <stack>.'),
  );
}

/** To a cluster that is not found. */
function ways(name = '<stack>'): string {
  return (
    `Deploy with --outputs-file ${OUTPUTS_FILE}, name the file that it wrote by --outputs-file, ` +
    `or give the URL, which is the stack's output ${OUTPUT}: aws cloudformation describe-stacks ` +
    `--stack-name ${name} --query "Stacks[0].Outputs[?OutputKey=='${OUTPUT}'].OutputValue" ` +
    '--output text'
  );
}

type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

function parsed(text: string, file: string): Outputs {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Outputs;
  } catch {
    // Answered below.
  }
  throw badArguments(`${file} is no JSON object of stacks and their outputs.`);
}
