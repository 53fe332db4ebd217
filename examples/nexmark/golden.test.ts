/**
 * Every query over the checked-in events, out of order and late ones among them, against the
 * checked-in rows, at several parallelisms. Apache Flink's SQL answers the very same rows.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { linesBelow, linesOf, PARALLELISMS, runGolden } from '../golden.ts';
import nexmark from './job.ts';
import { QUERIES } from './queries/index.ts';
import { settled } from './settled-rows.ts';

const EVENTS = fileURLToPath(new URL('./golden/events.jsonl', import.meta.url));

describe('nexmark', () => {
  for (const query of Object.keys(QUERIES)) {
    for (const parallelism of PARALLELISMS) {
      it(`${query} answers the golden rows at parallelism ${parallelism}`, async () => {
        const lines = await runGolden(
          nexmark,
          (output) => ['--query', query, '--events', EVENTS, '--output', output],
          parallelism,
          linesBelow,
        );
        const golden = await linesOf(new URL(`./golden/${query}.jsonl`, import.meta.url));
        assert.deepEqual(settled(query, lines), golden);
      });
    }
  }
});
