import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { functionsDirectory } from './function-code.ts';
import { functionsFixture } from './stack-fixture.ts';

describe('functionsDirectory', () => {
  it('is the one given, if nothing is missing in it', () => {
    const directory = functionsFixture();
    assert.equal(functionsDirectory(directory), directory);
    rmSync(join(directory, 'plan', 'index.mjs'));
    rmSync(join(directory, 'settle'), { recursive: true });
    assert.throws(() => functionsDirectory(directory), {
      code: 'FUNCTIONS_NOT_BUILT',
      message: /run npm run build:functions missing=plan,settle$/,
    });
  });
});
