import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package: of the clone, or where npm installed it. */
export function packageRoot(): string {
  // The same file is bundled into dist/ and run from scripts/cli/: look upwards.
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** `Version: 0.1.0`; Flink adds a commit id where it knows one. */
export function versionText(): string {
  return `Version: ${versionNumber()}`;
}

/** `0.1.0`. */
export function versionNumber(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
