import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { setSourceMapsSupport } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Evaluates a bundled module anew: each call gives another instance.
 *
 * @param directory takes the file while it loads.
 */
export async function importBundle(directory: string, bytes: Uint8Array): Promise<unknown> {
  setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  const path = join(directory, `sluice-${randomUUID()}.mjs`);
  await writeFile(path, bytes);
  try {
    return await import(pathToFileURL(path).href);
  } finally {
    await rm(path, { force: true });
  }
}
