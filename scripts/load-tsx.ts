/** `node --import=…/load-tsx.ts`: lets node run `.tsx` files, whose JSX it cannot erase itself. */
import { readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

type Esbuild = typeof import('esbuild');

let esbuild: Esbuild | undefined;

registerHooks({
  load: (url, context, nextLoad) => {
    if (!url.endsWith('.tsx')) return nextLoad(url, context);
    // Only tests of the console pay for it.
    esbuild ??= createRequire(import.meta.url)('esbuild') as Esbuild;
    const { code } = esbuild.transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
      loader: 'tsx',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      sourcemap: 'inline',
      sourcefile: fileURLToPath(url),
      target: 'node24',
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
