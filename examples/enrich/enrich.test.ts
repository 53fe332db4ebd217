/**
 * Goal: a job in threads has as many requests to a slow service under way as its capacity, takes
 * checkpoints meanwhile, asks again what was refused, and keeps its order.
 * Method: a server that answers nobody before so many ask, and a checkpoint has its file.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const COUNT = 10_000;
const CAPACITY = 1000;
/** The first time. None that may be under way when the input ends: what fails then is final. */
const REFUSED = ['1', '1000', '2000', '5555', '7000'];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Answers nobody until `mayAnswer`. */
class SlowService {
  asked = 0;
  mostUnderWay = 0;
  readonly refused = new Set<string>();
  readonly #mayAnswer: () => Promise<boolean>;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #answers = false;
  readonly server = createServer((request, response) => {
    this.asked += 1;
    this.#underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.#underWay);
    this.#waiting.push(() => this.#answer(request.url?.slice(1) ?? '', response));
    if (this.#answers) setImmediate(() => this.#waiting.shift()?.());
    else if (this.#underWay === CAPACITY) void this.#open();
  });

  constructor(mayAnswer: () => Promise<boolean>) {
    this.#mayAnswer = mayAnswer;
  }

  async #open(): Promise<void> {
    while (!(await this.#mayAnswer())) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#answers = true;
    // The last first.
    for (const answer of this.#waiting.splice(0).reverse()) answer();
  }

  #answer(id: string, response: ServerResponse): void {
    this.#underWay -= 1;
    if (REFUSED.includes(id) && !this.refused.has(id)) {
      this.refused.add(id);
      response.writeHead(503).end();
    } else response.end(`answer ${id}`);
  }
}

async function isCheckpointed(directory: string): Promise<boolean> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  return names.some((name) => name.endsWith('_metadata'));
}

describe('enrich', () => {
  it('has 1,000 of 10,000 requests under way while its checkpoints go on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-enrich-'));
    const service = new SlowService(() => isCheckpointed(directory));
    service.server.listen(0, '127.0.0.1');
    await new Promise((resolve) => service.server.once('listening', resolve));
    const { port } = service.server.address() as AddressInfo;
    try {
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        [
          ...[join(ROOT, 'scripts/sluice.mjs'), 'run', '-p', '1'],
          ...['-D', 'execution.checkpointing.interval=50ms'],
          ...['-D', `execution.checkpointing.dir=${directory}`],
          join(ROOT, 'examples/enrich/job.ts'),
          ...['--url', `http://127.0.0.1:${port}`],
          ...['--count', String(COUNT), '--capacity', String(CAPACITY)],
        ],
        { timeout: 60_000, maxBuffer: 10_000_000 },
      );
      assert.doesNotMatch(stderr, /restart/i);
      const answers = stdout.split('\n').filter((line) => line.includes('answer '));
      assert.deepEqual(
        answers,
        Array.from({ length: COUNT }, (_, i) => `answer ${i + 1}`),
      );
      assert.equal(service.mostUnderWay, CAPACITY);
      assert.equal(service.refused.size, REFUSED.length);
      assert.equal(service.asked, COUNT + REFUSED.length);
    } finally {
      service.server.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
