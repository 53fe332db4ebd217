import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { it } from 'node:test';
import { loadProgram } from './load-program.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

it('says in which line of which file a program cannot be loaded', async () => {
  const directory = await temporaryDirectory();
  for (const [name, code, message] of [
    ['a', '\nconst a = 1;\nthis is an error;\n', /loaded: .*identifier.*; at=a\.mjs:3$/],
    ['b', '\nthrow new Error("no database");', /loaded: no database; at=b\.mjs:2$/],
    ['c', 'import "nowhere-to-be-found";', /loaded: .*nowhere-to-be-found.*; at=c\.mjs/],
  ] as const) {
    const path = `${directory}/${name}.mjs`;
    await writeFile(path, code);
    await assert.rejects(loadProgram(path), { code: 'PROGRAM_NOT_LOADED', kind: 'user', message });
  }
});
