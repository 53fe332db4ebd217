/** Goal: savepoints in S3 are written and read by jobs. Method: jobs whose files are objects. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StreamExecutionEnvironment } from '../../api/index.ts';
import { ValueStateDescriptor } from '../../state/index.ts';
import {
  OperatorTransformation,
  SavepointReader,
  SavepointWriter,
} from '../../state-processor/index.ts';
import { runJob } from '../../testing/index.ts';
import { AwsWorld } from './aws-world.conformance.ts';
import { jobFilesOnAws } from './job-files.ts';
import { S3FileSystem } from './s3-file-system.ts';

const TEXT = new ValueStateDescriptor<string>('text');
/** Enough for segments of their own. */
const RECORDS = Array.from({ length: 4000 }, (_, i) => ({ k: i, text: `${Math.sin(i)}` }));

class Held {
  text: { value(): string | undefined; update(text: string): void } | undefined;
  open(ctx: { getState(descriptor: typeof TEXT): Held['text'] }): void {
    this.text = ctx.getState(TEXT);
  }
}

class Write extends Held {
  processElement({ text }: { readonly text: string }): void {
    this.text?.update(text);
  }
}

class Read extends Held {
  readKey(key: number, _ctx: unknown, out: { collect(value: string): void }): void {
    out.collect(`${key} ${this.text?.value()}`);
  }
}

function write(env: StreamExecutionEnvironment): void {
  const stream = OperatorTransformation.bootstrapWith(env.fromData(RECORDS));
  SavepointWriter.newSavepoint(env, 64)
    .withOperator('held', stream.keyBy('k').transform(new Write()))
    .write('s3://bucket/made');
}

describe('a savepoint in S3', () => {
  it('is written, copied and read, and not written over', async () => {
    const world = new AwsWorld();
    const files = new S3FileSystem({ s3: world.clients.s3, calls: world.calls });
    const options = { fileSystem: jobFilesOnAws(files), parallelism: 2 };
    const made = await runJob(write, options);
    assert.equal(made.result.status, 'FINISHED', made.result.error?.message);
    const copied = await runJob(
      (env) =>
        SavepointWriter.fromExistingSavepoint(env, 's3://bucket/made/').write('s3://bucket/copy'),
      options,
    );
    assert.equal(copied.result.status, 'FINISHED', copied.result.error?.message);
    const names = world.s3.keys('bucket').filter((key) => key.startsWith('copy/'));
    assert.deepEqual([names.length, names.includes('copy/_metadata')], [3, true]);
    const read = await runJob((env) => {
      const reader = SavepointReader.read(env, 's3://bucket/copy');
      reader.readKeyedState('held', new Read()).print();
    }, options);
    const lines = read.printed.split('\n').filter(Boolean);
    const texts = lines.map((line) => line.replace(/^\d+> /, ''));
    assert.deepEqual(texts.sort(), RECORDS.map(({ k, text }) => `${k} ${text}`).sort());
    await assert.rejects(runJob(write, options), { code: 'SAVEPOINT_TARGET_NOT_EMPTY' });
  });
});
