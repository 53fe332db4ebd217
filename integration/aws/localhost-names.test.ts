import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { it } from 'node:test';
import { runProcess } from './emulator/index.ts';

it('localhost-names lets a program reach names below localhost, under their own host', async () => {
  const server = createServer((request, response) => response.end(request.headers.host));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const host = `abcd1234.execute-api.localhost:${address.port}`;
  const program = `process.stdout.write(await (await fetch('http://${host}/')).text());`;
  const hook = join(import.meta.dirname, 'localhost-names.ts');
  const args = [`--import=${hook}`, '--input-type=module', '--eval', program];
  const { stdout } = await runProcess(process.execPath, args, { timeoutMs: 30_000 });
  assert.equal(stdout, host);
  server.close();
});
