import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const REPOSITORY_ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

const SOURCE_FOLDERS = [
  'runtime',
  'functions',
  'cdk',
  'scripts',
  'integration',
  'console',
  'examples',
];
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'out']);

/** Every `.ts`, `.tsx` and `.mjs` file of the project, relative to `root` with slashes, sorted. */
export function sourceFiles(root: string): string[] {
  const files: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name) && !entry.name.startsWith('.')) visit(path);
      } else if (/\.(tsx?|mjs)$/.test(entry.name)) {
        files.push(path);
      }
    }
  };
  const present = new Set(readdirSync(root));
  for (const folder of SOURCE_FOLDERS) if (present.has(folder)) visit(folder);
  return files.sort();
}
