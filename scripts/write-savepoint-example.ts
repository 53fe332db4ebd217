/**
 * Writes `docs/formats/examples/savepoint-<version>`, once a format: what is there must stay
 * readable for ever, so an existing example is never written again.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MANIFEST_FORMAT_VERSION } from '../runtime/checkpoint/index.ts';
import { takeExampleSavepoint } from '../runtime/testing/index.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'docs/formats/examples', `savepoint-${MANIFEST_FORMAT_VERSION}`);
if (existsSync(target)) throw new Error(`an example of this format is there already: ${target}`);
for (const [name, bytes] of await takeExampleSavepoint()) {
  const path = join(target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
process.stdout.write(`${target}\n`);
