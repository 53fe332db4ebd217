/** `sluice console`: the web console of a cluster that is elsewhere, on this machine. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { CONSOLE_HEADERS, PageFiles } from '../../runtime/adapters/index.ts';
import { isStreamError, StreamError } from '../../runtime/core/index.ts';
import type { ClusterWorld } from './cluster.ts';
import { ClusterClient } from './cluster-client.ts';
import { ConsoleProxy } from './console-proxy.ts';
import { serveConsole } from './console-server.ts';
import type { ConsoleWorld } from './console-world.ts';
import { consoleFolder } from './engine-modules.ts';
import { EXIT_CODES, onInterrupt } from './interrupts.ts';
import { outputOf } from './output.ts';
import { badArguments, type ParsedOptions } from './parse-options.ts';
import { isAddress, stackAddress } from './stack-address.ts';

const DEFAULT_PORT = 8082;
const MAX_PORT = 65_535;

/**
 * Serves until it is interrupted.
 *
 * @returns the exit code: 0 interrupted.
 * @throws {StreamError} `BAD_ARGUMENTS`, `PORT_IN_USE`, `CONSOLE_NOT_BUILT`.
 */
export async function console(
  options: ParsedOptions,
  { world, signals, monotonicMs, exit }: ClusterWorld,
): Promise<number> {
  const { say, result } = outputOf(options, world);
  const client = await ClusterClient.of(await withCluster(options, world), world);
  const directory = options.values.get('web-dir')?.[0];
  const folder = directory === undefined ? consoleFolder() : resolve(world.cwd, directory);
  const pages = await openPages(folder);
  const server = await serveConsole(pages, new ConsoleProxy(client.settings), portOf(options));
  const url = `http://127.0.0.1:${server.port}/`;
  say(`Console of the cluster at ${client.address} is on ${url}`);
  result({ url, cluster: client.address });
  await client.get('/config').catch((thrown: unknown) => {
    // It may come yet, and the console shows when it does.
    const message = isStreamError(thrown) ? thrown.message : String(thrown);
    world.stderr.write(`warning: ${message}\n`);
  });
  if (options.flags.has('open')) openBrowser(url, world);
  const interrupted = Promise.withResolvers<void>();
  const handlers = {
    onCancel: () => interrupted.resolve(),
    onKill: () => exit(EXIT_CODES.interrupted),
  };
  const stopListening = onInterrupt(signals, handlers, monotonicMs);
  try {
    await interrupted.promise;
    await server.close();
    return 0;
  } finally {
    stopListening();
  }
}

/** `--cluster` and `--outputs-file` in the place of `-m`. */
async function withCluster(options: ParsedOptions, { cwd }: ConsoleWorld): Promise<ParsedOptions> {
  const given = options.values.get('cluster')?.[0];
  const outputsFile = options.values.get('outputs-file')?.[0];
  if (given === undefined && outputsFile === undefined) return options;
  if (options.values.has('jobmanager')) {
    const said = given === undefined ? '--outputs-file' : '--cluster';
    throw badArguments(`-m and ${said} say the same: give one of them.`);
  }
  const isGiven = given !== undefined && isAddress(given);
  if (isGiven && outputsFile !== undefined) {
    throw badArguments('--cluster is an address: --outputs-file is for the name of a stack.');
  }
  const file = outputsFile === undefined ? {} : { outputsFile };
  const address = isGiven ? given : await stackAddress(given, { cwd, ...file });
  return { ...options, values: new Map([...options.values, ['jobmanager', [address]]]) };
}

async function openPages(folder: string): Promise<PageFiles> {
  try {
    return await PageFiles.open(folder, { headers: CONSOLE_HEADERS, hashedBelow: '/assets/' });
  } catch (cause) {
    throw new StreamError({
      kind: 'invalid',
      code: 'CONSOLE_NOT_BUILT',
      message:
        "there is no console to serve: 'npm run build' makes it in a clone; --web-dir names " +
        `another directory with an index.html; directory=${folder}`,
      details: { directory: folder },
      cause,
    });
  }
}

function portOf({ values }: ParsedOptions): number {
  const text = values.get('port')?.[0] ?? String(DEFAULT_PORT);
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw badArguments(`The port must be a number from 0 to ${MAX_PORT}: ${text}`);
}

/** With what the system opens links; that there is no browser ends nothing. */
function openBrowser(url: string, { stderr, environment }: ConsoleWorld): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : [environment.BROWSER ?? 'xdg-open', url];
  const child = spawn(command ?? '', args, { stdio: 'ignore', detached: true });
  child.on('error', () => stderr.write(`warning: no browser could be started: open ${url}\n`));
  child.unref();
}
