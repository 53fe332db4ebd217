/** `sluice bundle`: writes a job with all it imports into the file that clusters take. */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { StreamError } from '../../runtime/core/index.ts';
import { bundleJob, isBundle, type JobBundle } from './bundle-job.ts';
import type { ConsoleWorld } from './console-world.ts';
import { formatBytes } from './format-values.ts';
import { sizeProblem } from './job-arguments.ts';
import { outputOf } from './output.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';

/** What `POST /jars/upload` takes as a program. */
const BUNDLE_EXTENSIONS: readonly string[] = ['.mjs', '.js'];

/**
 * Compiles; runs and sends nothing.
 *
 * @param apiExports what the module `sluice` exports.
 * @throws {StreamError} as `bundleJob`; `BAD_ARGUMENTS`; `FILE_IS_NO_BUNDLE` when another file
 * would be lost; `BUNDLE_NOT_WRITTEN`.
 */
export async function bundle(
  options: ParsedOptions,
  apiExports: readonly string[],
  world: ConsoleWorld,
): Promise<number> {
  const [jobFile = '', ...further] = options.rest;
  if (further.length > 0) {
    const given = further.join(' ');
    throw badArguments(`Arguments of a program are given when it is run, not bundled: ${given}`);
  }
  const made = await bundleJob({ jobFile, cwd: world.cwd, apiExports });
  const path = pathOf(options.values.get('output')?.at(-1), jobFile, world);
  write(path, made);
  const sizeBytes = Buffer.byteLength(made.code);
  const tooLarge = sizeProblem(sizeBytes, jobFile);
  if (tooLarge !== undefined) {
    world.stderr.write(`warning: it will be refused on AWS: ${tooLarge.message}\n`);
  }
  const output = outputOf(options, world);
  const shown = relative(world.cwd, path);
  output.say(`Bundle written to ${shown.startsWith('..') ? path : shown}`);
  output.say(`${formatBytes(sizeBytes)}; the console's page Submit and POST /jars/upload take it.`);
  output.result({ path, sizeBytes, hash: made.hash });
  return 0;
}

function pathOf(wanted: string | undefined, jobFile: string, { cwd }: ConsoleWorld): string {
  const name = `${basename(jobFile, extname(jobFile))}.mjs`;
  if (wanted === undefined) return resolve(cwd, name);
  const path = resolve(cwd, wanted);
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isDirectory || /[/\\]$/.test(wanted)) return join(path, name);
  if (BUNDLE_EXTENSIONS.includes(extname(path))) return path;
  if (/\.(zip|jar|tgz|tar|gz)$/i.test(path)) {
    throw badArguments(
      `A bundle is one file of JavaScript, no archive, and is uploaded as it is: write -o ` +
        `${wanted.replace(/(\.tar)?\.\w+$/, '.mjs')} in the place of -o ${wanted}`,
    );
  }
  throw badArguments(
    `A bundle is a ${BUNDLE_EXTENSIONS.join(' or ')} file; a directory ends in /: ${wanted}`,
  );
}

/** Whole, or not at all. */
function write(path: string, { code }: JobBundle): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined && !isBundleFile(path)) {
    throw new StreamError({
      kind: 'invalid',
      code: 'FILE_IS_NO_BUNDLE',
      message:
        'the file that is there is no bundle, and is left alone: say another with -o, or remove ' +
        `it; file=${path}`,
      details: { file: path },
    });
  }
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, code);
    renameSync(temporary, path);
  } catch (cause) {
    throw new StreamError({
      kind: 'invalid',
      code: 'BUNDLE_NOT_WRITTEN',
      message: `the bundle could not be written: file=${path}`,
      details: { file: path },
      cause,
    });
  }
}

function isBundleFile(path: string): boolean {
  return statSync(path).isFile() && isBundle(readFileSync(path, 'utf8'));
}
