/**
 * Bundles a job's module with everything it imports into one file that every slot evaluates.
 *
 * I1  The bundle holds no copy of the engine: `sluice`, `sluice/cep`, `sluice/state-processor` and
 *     `sluice/testing` are read from `globalThis`, where the client and each slot put theirs before
 *     they import the bundle.
 * I2  A bundle is named by the hash of its content and appears by rename: whoever finds the name
 *     finds the whole bundle.
 */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, extname, join, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Message, Metafile, Plugin } from 'esbuild';
import { JOB_NAME_EXPORT, StreamError } from '../../runtime/core/index.ts';

/** Keys of `globalThis` under which a bundle finds the engine, by the module it imports (I1). */
export const API_SYMBOLS = {
  sluice: Symbol.for('sluice.api'),
  'sluice/cep': Symbol.for('sluice.cep'),
  'sluice/state-processor': Symbol.for('sluice.state-processor'),
  'sluice/testing': Symbol.for('sluice.testing'),
} as const;

const HASH_HEX_DIGITS = 32;
/** How every bundle begins. */
const BANNER =
  "import { createRequire as __createRequire } from 'node:module';" + 'globalThis.require ??= ';
const JOB_EXTENSIONS = new Set(['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']);

/** A job, ready to be evaluated. */
export interface JobBundle {
  readonly code: string;
  /** 32 hex digits of the code. */
  readonly hash: string;
  /** Where the code was written. */
  readonly path: string;
  /** The job's module, absolute. */
  readonly jobFile: string;
}

export interface BundleOptions {
  /** As the user wrote it, relative to `cwd`. */
  readonly jobFile: string;
  readonly cwd: string;
  /**
   * What `sluice` exports. Given, an import of anything else is a compile error; not given, it is
   * undefined when the job runs.
   */
  readonly apiExports?: readonly string[];
  /** @defaultValue a folder of the user's own below the system's temporary one. */
  readonly cacheDir?: string;
}

/**
 * Bundles a job.
 *
 * @throws {StreamError} kind `invalid`: `JOB_FILE_NOT_FOUND`, `JOB_NOT_COMPILED` with every place,
 * `NO_JOB_EXPORTED` when the module has no default export.
 */
export async function bundleJob(options: BundleOptions): Promise<JobBundle> {
  const jobFile = resolve(options.cwd, options.jobFile);
  checkJobFile(jobFile, options);
  const cacheDir = options.cacheDir ?? ownCacheDir();
  const given = readFileSync(jobFile, 'utf8');
  // What was bundled before is whole, and keeps its name.
  const code = isBundle(given) ? given : await compiledJob(jobFile, options);
  const hash = createHash('sha256').update(code).digest('hex').slice(0, HASH_HEX_DIGITS);
  const path = join(cacheDir, `${hash}.mjs`);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, code);
    renameSync(temporary, path);
  }
  return { code, hash, path, jobFile };
}

async function compiledJob(jobFile: string, options: BundleOptions): Promise<string> {
  const { code, metafile } = await compile(jobFile, options);
  const [output] = Object.values(metafile.outputs);
  if (output?.exports.includes('default') === true) return code;
  throw noJobExported(options.jobFile, 'has no default export');
}

/** Whether a file's text was written by {@link bundleJob}. */
export function isBundle(text: string): boolean {
  return text.startsWith(BANNER);
}

/** The refusal of a module that is not a job. */
export function noJobExported(jobFile: string, why: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'NO_JOB_EXPORTED',
    message:
      `the job file ${why}: write 'export default function job(env, args) { … }' ` +
      `in it; file=${jobFile}`,
    details: { file: jobFile },
  });
}

function checkJobFile(path: string, { jobFile, cwd }: BundleOptions): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  const found = stats === undefined ? 'does not exist' : stats.isFile() ? '' : 'is not a file';
  if (found !== '') {
    throw new StreamError({
      kind: 'invalid',
      code: 'JOB_FILE_NOT_FOUND',
      message: `the job file ${found}: file=${jobFile} directory=${cwd}`,
      details: { file: jobFile, directory: cwd },
    });
  }
  if (!JOB_EXTENSIONS.has(extname(path))) {
    const known = [...JOB_EXTENSIONS].join(', ');
    throw notCompiled(`a job file ends in one of ${known}: file=${jobFile}`, jobFile);
  }
}

async function compile(
  jobFile: string,
  options: BundleOptions,
): Promise<{ code: string; metafile: Metafile }> {
  const { build } = await import('esbuild');
  const url = JSON.stringify(pathToFileURL(jobFile).href);
  const [folder, file] = [JSON.stringify(dirname(jobFile)), JSON.stringify(jobFile)];
  try {
    const { outputFiles, metafile } = await build({
      entryPoints: [jobFile],
      // Sources are named from the root of the file system, wherever the bundle is put later.
      outfile: join(parse(jobFile).root, 'job.mjs'),
      sourceRoot: pathToFileURL(parse(jobFile).root).href,
      absWorkingDir: options.cwd,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      sourcemap: 'inline',
      sourcesContent: true,
      keepNames: true,
      logLevel: 'silent',
      define: {
        'import.meta.url': url,
        'import.meta.dirname': folder,
        'import.meta.filename': file,
        __dirname: folder,
        __filename: file,
      },
      // CommonJS packages call `require` for Node's own modules.
      banner: {
        js: `${BANNER}__createRequire(${url});${nameExport(jobFile)}`,
      },
      plugins: [enginePlugin(options.apiExports)],
    });
    return { code: outputFiles[0]?.text ?? '', metafile };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    const text = error.errors.map(messageText).join('\n');
    throw notCompiled(`the job does not compile: file=${options.jobFile}\n${text}`, jobFile);
  }
}

/** How a job is called that says no name itself. */
function nameExport(jobFile: string): string {
  const name = basename(jobFile, extname(jobFile));
  return `export const ${JOB_NAME_EXPORT} = ${JSON.stringify(name)};`;
}

/** I1: the engine's modules, read from `globalThis`. */
function enginePlugin(apiExports: readonly string[] | undefined): Plugin {
  return {
    name: 'sluice-engine',
    setup(build) {
      build.onResolve({ filter: /^sluice(\/(cep|state-processor|testing))?$/ }, ({ path }) => ({
        path,
        namespace: 'sluice-engine',
      }));
      build.onLoad({ filter: /.*/, namespace: 'sluice-engine' }, ({ path }) => {
        const symbol = path === 'sluice' ? 'sluice.api' : path.replace('/', '.');
        const engine = `globalThis[Symbol.for('${symbol}')]`;
        const contents =
          path === 'sluice' && apiExports !== undefined
            ? `export const { ${apiExports.join(', ')} } = ${engine};`
            : `module.exports = ${engine};`;
        return { contents, loader: 'js' };
      });
    },
  };
}

function notCompiled(message: string, jobFile: string): StreamError {
  const details = { file: jobFile };
  return new StreamError({ kind: 'invalid', code: 'JOB_NOT_COMPILED', message, details });
}

function isBuildFailure(error: unknown): error is { readonly errors: readonly Message[] } {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** `job.ts:3:14: Expected ";" but found "x"`, the line, and a mark below the place. */
function messageText({ text, location, notes }: Message): string {
  if (location === null) return `  ${text}`;
  const { file, line, column, lineText, length } = location;
  const gutter = `  ${line} | `;
  const mark = ' '.repeat(gutter.length + column) + '^'.repeat(Math.max(1, length));
  const further = notes.map((note) => `\n  ${note.text}`).join('');
  return `  ${file}:${line}:${column + 1}: ${text}\n${gutter}${lineText}\n${mark}${further}`;
}

/** What is imported from here runs: the folder belongs to the user, and to nobody else. */
function ownCacheDir(): string {
  const { uid, username } = userInfo();
  const folder = join(tmpdir(), `sluice-jobs-${uid < 0 ? username : uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stats = lstatSync(folder);
  const isOwn = stats.isDirectory() && (uid < 0 || (stats.uid === uid && !(stats.mode & 0o022)));
  return isOwn ? folder : mkdtempSync(join(tmpdir(), 'sluice-jobs-'));
}
