/** Goal: the check takes what the state processor wrote. Method: real files, a job and another one. */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { StreamExecutionEnvironment } from '../../api/index.ts';
import { ValueStateDescriptor } from '../../state/index.ts';
import { OperatorTransformation, SavepointWriter } from '../../state-processor/index.ts';
import { runJob } from '../../testing/index.ts';
import { checkSavepoint } from './check-savepoint.ts';
import { DirectoryBlobStore } from './directory-blob-store.ts';
import { temporaryDirectory } from './temporary-directory.conformance.ts';

const TOTAL = new ValueStateDescriptor<string>('total');
/** Enough for segments in files of their own. */
const RECORDS = Array.from({ length: 5000 }, (_, i) => ({ k: `${i}`, text: `${Math.sin(i)}` }));

describe('checkSavepoint', () => {
  it('takes a savepoint that the state processor wrote, also after it was moved', async () => {
    const directory = await temporaryDirectory();
    const made = `${directory}/made`;
    const write = await runJob(
      (env) => {
        const state = OperatorTransformation.bootstrapWith(env.fromData(RECORDS))
          .keyBy('k')
          .transform({
            open(ctx) {
              Object.assign(this, { total: ctx.getState(TOTAL) });
            },
            processElement({ text }) {
              (this as unknown as { total: { update(text: string): void } }).total.update(text);
            },
          });
        SavepointWriter.newSavepoint(env, 128).withOperator('sum', state).write(made);
      },
      { parallelism: 2 },
    );
    assert.equal(write.result.status, 'FINISHED', write.result.error?.message);
    const copied = await runJob((env) =>
      SavepointWriter.fromExistingSavepoint(env, made)
        .changeOperatorIdentifier('sum', 'total')
        .write(`${directory}/copied`),
    );
    assert.equal(copied.result.status, 'FINISHED', copied.result.error?.message);
    await rename(made, `${directory}/elsewhere`);
    await rename(`${directory}/copied`, `${directory}/moved`);
    for (const [path, uid] of [
      ['elsewhere', 'sum'],
      ['moved', 'total'],
    ] as const) {
      const env = new StreamExecutionEnvironment();
      env
        .fromData({ k: 'a' })
        .uid('in')
        .keyBy('k')
        .process({ open: (ctx) => void ctx.getState(TOTAL), processElement: () => {} })
        .uid(uid)
        .print();
      const blobs = new DirectoryBlobStore();
      const graph = env.getStreamGraph('check');
      const options = { blobs, graph, allowNonRestoredState: false };
      const check = await checkSavepoint(`${directory}/${path}`, options);
      assert.deepEqual(check.problems, []);
      const restored = check.operators.filter(({ fate }) => fate === 'restored');
      assert.deepEqual(
        restored.map((one) => one.uid),
        [uid],
      );
      const files = await blobs.list(`${directory}/${path}`);
      assert.equal(files.length, 3, 'two segments and the manifest');
    }
  });
});
