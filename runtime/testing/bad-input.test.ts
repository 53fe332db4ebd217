/** Savepoints, settings and storage that are wrong: what is said, and that nothing starts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBlobStore } from '../adapters/index.ts';
import type { JobFunction } from '../api/index.ts';
import { type BlobStore, claimSavepoint } from '../checkpoint/index.ts';
import { generatorSource } from '../connectors/index.ts';
import { type ConfigValue, isStreamError, StreamError } from '../core/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { CommittedOutput } from './committed-output.ts';
import { FaultyBlobStore } from './faulty-stores.ts';
import { CHECKPOINTED, stopAt } from './recovery-run.ts';
import { startJob } from './run-job.ts';

type Settings = Readonly<Record<string, ConfigValue>>;

interface Program {
  /** Of the operator with the state; undefined: there is none. */
  readonly uid?: string;
  readonly maxParallelism?: number;
}

/** A job with keyed state, a savepoint of it, and jobs that shall start from that. */
class World {
  /** Keeps little inside of `_metadata`. */
  readonly blobs: BlobStore = Object.assign(new MemoryBlobStore(), { inlineLimitBytes: 64 });
  readonly faulty = new FaultyBlobStore(this.blobs);
  readonly output = new CommittedOutput();
  /** Records made by sources. */
  made = 0;
  #seed = 1;

  program({ uid = 'counts', maxParallelism }: Program = {}): JobFunction {
    return (env) => {
      if (maxParallelism !== undefined) env.setMaxParallelism(maxParallelism);
      const generate = (index: number): { key: string; count: number } => {
        this.made += 1;
        return { key: `key-${(index * 7919) % 3000}-${'x'.repeat(index % 9)}`, count: 1 };
      };
      const source = generatorSource({ generate, ratePerSecond: 200_000, count: 12_000 });
      const stream = env.fromSource(source, WatermarkStrategy.noWatermarks(), 'numbers');
      stream
        .uid('numbers')
        .keyBy('key')
        .sum('count')
        .uid(uid)
        .sinkTo(this.output.exactlyOnce())
        .uid('sink');
    };
  }

  async savepoint(program: Program = {}): Promise<string> {
    const job = this.program(program);
    const { blobs } = this;
    const seed = this.#seed++;
    const run = await startJob(job, { blobs, seed, parallelism: 2, configuration: CHECKPOINTED });
    return await stopAt(run, 30);
  }

  /** What starting from it is refused with; nothing has happened meanwhile. */
  async refusal(
    from: string,
    options: { program?: Program; parallelism?: number; settings?: Settings } = {},
  ): Promise<StreamError> {
    const { program = {}, parallelism = 2, settings = {} } = options;
    const before = { made: this.made, blobs: await this.blobs.list(''), out: this.output.texts };
    const configuration = { ...CHECKPOINTED, 'execution.state-recovery.path': from, ...settings };
    const seed = this.#seed++;
    const { blobs } = this;
    const thrown: unknown = await startJob(this.program(program), {
      blobs,
      seed,
      parallelism,
      configuration,
    }).then(
      () => assert.fail('the job started'),
      (error: unknown) => error,
    );
    assert.ok(isStreamError(thrown), String(thrown));
    const after = { made: this.made, blobs: await this.blobs.list(''), out: this.output.texts };
    assert.deepEqual(after, before);
    return thrown;
  }

  async replace(location: string, bytes: Uint8Array): Promise<void> {
    await this.blobs.delete(location);
    await this.blobs.put(location, bytes);
  }
}

const CLAIM = { 'execution.state-recovery.claim-mode': 'CLAIM' };

describe('a damaged savepoint', () => {
  it('is refused for any byte that is wrong, naming the file and both checksums', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    const files = await world.blobs.list(savepoint);
    assert.ok(files.length >= 3, 'files of state beside _metadata');
    for (const { location, sizeBytes } of files) {
      const bytes = await world.blobs.get(location);
      for (let at = 0; at < sizeBytes; at += Math.ceil(sizeBytes / 12)) {
        await world.replace(
          location,
          bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte)),
        );
        const error = await world.refusal(savepoint, { settings: at % 2 === 0 ? CLAIM : {} });
        assert.equal(error.kind, 'data', `${location} at=${at}`);
        assert.ok(error.message.includes(location), error.message);
        const isInMagic = error.code === 'NOT_A_MANIFEST' || /header=/.test(error.message);
        if (!isInMagic) {
          assert.match(error.message, /expectedCrc32=[0-9a-f]{8}.* actualCrc32=[0-9a-f]{8}/);
        }
      }
      await world.replace(location, bytes);
    }
    // Whole again, it restores.
    const configuration = { ...CHECKPOINTED, 'execution.state-recovery.path': savepoint };
    const { blobs } = world;
    const run = await startJob(world.program(), { blobs, seed: 99, configuration });
    assert.equal((await run.outcome).result.status, 'FINISHED');
    assert.equal(world.output.values.length, 12_000);
  });

  it('is refused when a file is cut off, empty or gone', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    for (const { location, sizeBytes } of await world.blobs.list(savepoint)) {
      const bytes = await world.blobs.get(location);
      const isManifest = location.endsWith('/_metadata');
      for (const left of [0, 1, 20, sizeBytes - 1]) {
        await world.replace(location, bytes.subarray(0, left));
        const { code, message } = await world.refusal(savepoint);
        assert.match(code, isManifest ? /^MANIFEST_TRUNCATED$/ : /^STATE_BLOB_TRUNCATED$/);
        assert.ok(message.includes(location));
        assert.match(message, /copy it again/);
      }
      await world.blobs.delete(location);
      const { code } = await world.refusal(savepoint);
      assert.equal(code, isManifest ? 'RESTORE_PATH_NOT_FOUND' : 'STATE_BLOB_MISSING');
      await world.blobs.put(location, bytes);
    }
  });

  it('is refused when another program or a newer release wrote it', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    const location = `${savepoint}/_metadata`;
    await world.replace(location, Buffer.from('\x42\x4b\x43\x48 a savepoint of Apache Flink'));
    assert.equal((await world.refusal(savepoint)).code, 'NOT_A_MANIFEST');
    const body = '{"formatVersion":9}';
    const { crc32 } = await import('node:zlib');
    const start = `SLUICE-MANIFEST 9 ${body.length} `;
    const sum = crc32(body, crc32(start)).toString(16).padStart(8, '0');
    await world.replace(location, Buffer.from(`${start}${sum}\n${body}`));
    const newer = await world.refusal(savepoint);
    assert.equal(newer.code, 'MANIFEST_VERSION_NEWER');
    assert.match(newer.message, /newer release: restore it with that release; .*formatVersion=9/);
  });
});

describe('a savepoint that does not fit', () => {
  it('is refused when state belongs to no operator, unless that is allowed', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    const program = { uid: 'other-counts' };
    const error = await world.refusal(savepoint, { program });
    assert.equal(error.code, 'NON_RESTORED_STATE');
    assert.match(error.message, /counts/);
    const { blobs } = world;
    const configuration = {
      ...CHECKPOINTED,
      'execution.state-recovery.path': savepoint,
      'execution.state-recovery.ignore-unclaimed-state': true,
    };
    const run = await startJob(world.program(program), { blobs, seed: 9, configuration });
    assert.equal((await run.outcome).result.status, 'FINISHED');
    // Sources go on where they were; the counts begin anew.
    assert.equal(world.output.values.length, 12_000);
  });

  it('is refused when its key groups are others', async () => {
    const world = new World();
    const savepoint = await world.savepoint({ maxParallelism: 64 });
    const error = await world.refusal(savepoint, { program: { maxParallelism: 32 } });
    assert.equal(error.code, 'MAX_PARALLELISM_CHANGED');
    assert.match(error.message, /64/);
    const { code } = await world.refusal(savepoint, {
      program: { maxParallelism: 64 },
      parallelism: 65,
    });
    assert.equal(code, 'PARALLELISM_ABOVE_MAX');
  });

  it('gives its max parallelism to a job that chose none, which it cannot exceed', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    assert.equal(
      (await world.refusal(savepoint, { parallelism: 129 })).code,
      'PARALLELISM_ABOVE_MAX',
    );
  });

  it('is refused where there is none, and where there are several', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    const none = await world.refusal('/savepoints/nowhere');
    assert.equal(none.code, 'RESTORE_PATH_NOT_FOUND');
    assert.match(none.message, /path=\/savepoints\/nowhere/);
    const several = await world.refusal('/savepoints', { settings: CLAIM });
    assert.equal(several.code, 'RESTORE_PATH_AMBIGUOUS');
    assert.ok(several.message.includes(savepoint));
  });

  it('is refused to a second job that claims it, and given to one that does not', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    await claimSavepoint(world.blobs, savepoint, 'somebody');
    const error = await world.refusal(savepoint, { settings: CLAIM });
    assert.equal(error.code, 'SAVEPOINT_CLAIMED');
    assert.match(error.message, /no_claim; .*claimedByJobId=somebody/);
    const { blobs } = world;
    const configuration = { ...CHECKPOINTED, 'execution.state-recovery.path': savepoint };
    const run = await startJob(world.program(), { blobs, seed: 9, configuration });
    assert.equal((await run.outcome).result.status, 'FINISHED');
  });

  it('is not claimed by a job that it refuses', async () => {
    const world = new World();
    const savepoint = await world.savepoint();
    const program = { uid: 'other-counts' };
    await world.refusal(savepoint, { program, settings: CLAIM });
    const { blobs } = world;
    // No checkpoint is on its way when it ends: what is being stored then comes after the clean-up.
    const configuration = {
      ...CHECKPOINTED,
      'execution.checkpointing.interval': 3_600_000,
      'execution.state-recovery.path': savepoint,
      ...CLAIM,
    };
    const run = await startJob(world.program(), { blobs, seed: 9, configuration });
    assert.equal((await run.outcome).result.status, 'FINISHED');
    // What was being stored when the first job stopped may come after its clean-up.
    const [, firstJob = ''] = /savepoint-([0-9a-f]{6})-/.exec(savepoint) ?? [];
    const left = (await world.blobs.list('')).map(({ location }) => location);
    const isLate = (location: string): boolean => location.startsWith(`/checkpoints/${firstJob}`);
    assert.deepEqual(
      left.filter((location) => !isLate(location)),
      [],
    );
  });
});

describe('storage that fails while the job runs', () => {
  const full = (): StreamError =>
    new StreamError({ kind: 'unavailable', code: 'BLOB_NOT_WRITABLE', message: 'no space left' });

  it('fails checkpoints, and the job goes on within what it tolerates', async () => {
    const world = new World();
    const { blobs } = world;
    const put = blobs.put.bind(blobs);
    let puts = 0;
    // In the middle of a checkpoint: some of its files are written.
    blobs.put = (location, bytes) => {
      puts += 1;
      return puts > 2 && puts < 6 ? Promise.reject(full()) : put(location, bytes);
    };
    const configuration = {
      ...CHECKPOINTED,
      'execution.checkpointing.tolerable-failed-checkpoints': 10,
    };
    const run = await startJob(world.program(), { blobs, parallelism: 2, configuration });
    const { result } = await run.outcome;
    assert.equal(result.status, 'FINISHED');
    const { counts, latest } = run.master.checkpointStatistics ?? assert.fail();
    assert.ok(counts.failed >= 1 && counts.completed >= 1);
    assert.match(latest.failed?.error?.message ?? '', /no space left/);
    assert.deepEqual(run.master.exceptions.entries, []);
    assert.equal(world.output.values.length, 12_000);
    assert.deepEqual(await world.blobs.list(''), []);
  });

  it('restarts the job when it tolerates none, which loses and repeats nothing', async () => {
    const world = new World();
    const { blobs } = world;
    const put = blobs.put.bind(blobs);
    let puts = 0;
    blobs.put = (location, bytes) => {
      puts += 1;
      return puts === 5 ? Promise.reject(full()) : put(location, bytes);
    };
    const run = await startJob(world.program(), {
      blobs,
      parallelism: 2,
      configuration: CHECKPOINTED,
    });
    assert.equal((await run.outcome).result.status, 'FINISHED');
    const [entry] = run.master.exceptions.entries;
    assert.equal(entry?.error.code, 'CHECKPOINT_FAILURES_EXCEEDED');
    assert.match(entry.error.message, /no space left/);
    const counts = new Map<string, number>();
    for (const value of world.output.values) {
      const { key, count } = value as { key: string; count: number };
      counts.set(key, Math.max(count, counts.get(key) ?? 0));
    }
    assert.equal(world.output.values.length, 12_000);
    assert.equal(
      [...counts.values()].reduce((a, b) => a + b),
      12_000,
    );
  });

  it('ends a job that cannot store anything by its restart strategy', async () => {
    const world = new World();
    world.faulty.faultOf = ({ operation }) => (operation === 'put' ? 'before' : 'none');
    const configuration = { ...CHECKPOINTED, 'restart-strategy.fixed-delay.attempts': 2 };
    const { faulty: blobs } = world;
    const run = await startJob(world.program(), { blobs, configuration });
    const { result } = await run.outcome;
    assert.equal(result.status, 'FAILED');
    assert.equal(result.error?.code, 'CHECKPOINT_FAILURES_EXCEEDED');
    assert.deepEqual(world.output.values, []);
    assert.equal(run.master.exceptions.entries.length, 3);
  });
});
