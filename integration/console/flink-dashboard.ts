/** Flink's own dashboard, from the published jar of its web pages. Nothing of it is in this tree. */
import { spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

/** Of the command line that is tested, too. */
const VERSION = '2.1.0';
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** Without Maven, or what it asks, there is no dashboard. */
export class DashboardUnavailable extends Error {}

/**
 * The folder `web/` of `org.apache.flink:flink-runtime-web`, as Maven finds it.
 *
 * @throws {DashboardUnavailable} says what to do.
 */
export async function flinkDashboard(): Promise<string> {
  const folder = join(tmpdir(), 'sluice-flink', `web-${VERSION}`);
  if (existsSync(join(folder, 'index.html'))) return folder;
  const unpacked = `${folder}.${process.pid}`;
  try {
    await unpackPages(downloadJar(unpacked), unpacked);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(unpacked, 'web'), folder);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  return folder;
}

function downloadJar(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const artifact = `org.apache.flink:flink-runtime-web:${VERSION}`;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy';
  const args = ['-B', '-q', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  const options = { encoding: 'utf8', timeout: DOWNLOAD_TIMEOUT_MS, cwd: folder } as const;
  const { status, error, stdout, stderr } = spawnSync('mvn', args, options);
  if (error !== undefined) {
    throw new DashboardUnavailable(
      "Flink's dashboard is fetched by Maven, which is not on the PATH: install it " +
        "('apt-get install maven' on Debian)",
    );
  }
  if (status === 0) return join(folder, `flink-runtime-web-${VERSION}.jar`);
  throw new DashboardUnavailable(`Maven does not find ${artifact}:\n${stdout}${stderr}`);
}

async function unpackPages(jar: string, folder: string): Promise<void> {
  const zip = await openPromise(jar, { lazyEntries: true, strictFileNames: true });
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.startsWith('web/') || entry.fileName.endsWith('/')) continue;
    const path = join(folder, entry.fileName);
    mkdirSync(dirname(path), { recursive: true });
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
  }
}
