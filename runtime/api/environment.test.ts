import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Source } from '../connectors/index.ts';
import { ConfigOptions, Configuration } from '../core/index.ts';
import type { StreamGraph } from '../graph/index.ts';
import { WatermarkStrategy } from '../time/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import type { ExecuteOptions, JobExecutor } from './job-executor.ts';

class RecordingExecutor implements JobExecutor {
  readonly graphs: StreamGraph[] = [];
  readonly options: ExecuteOptions[] = [];

  async execute(graph: StreamGraph, options: ExecuteOptions) {
    this.graphs.push(graph);
    this.options.push(options);
    await options.onDeliver?.('collect-1', [1, 2]);
    await options.onDeliver?.('collect-2', [9]);
    return { jobId: '0'.repeat(32), jobName: graph.jobName, netRuntimeMs: 1 };
  }
}

function environment(settings: Record<string, string | number> = {}) {
  const executor = new RecordingExecutor();
  const configuration = Configuration.fromRecord(settings);
  return { executor, env: new StreamExecutionEnvironment({ executor, configuration }) };
}

describe('StreamExecutionEnvironment: settings', () => {
  it('starts from the configuration and is overruled by code', () => {
    const { env } = environment({ 'parallelism.default': 3, 'pipeline.name': 'from file' });
    assert.equal(env.getParallelism(), 3);
    assert.equal(env.setParallelism(2).getParallelism(), 2);
    assert.equal(env.getMaxParallelism(), -1);
    assert.equal(env.setMaxParallelism(64).getMaxParallelism(), 64);
    const graph = env.getStreamGraph();
    assert.deepEqual([graph.jobName, graph.defaultParallelism], ['from file', 2]);
    assert.equal(env.getStreamGraph('by hand').jobName, 'by hand');
    assert.equal(environment().env.getStreamGraph().jobName, 'Sluice Streaming Job');
  });

  it('takes options by name and refuses unknown ones', () => {
    const { env } = environment();
    env.configure({ 'pipeline.auto-watermark-interval': '50 ms' });
    assert.equal(env.getConfig().get(ConfigOptions.AUTO_WATERMARK_INTERVAL_MS), 50);
    const unknown = { code: 'UNKNOWN_OPTION', message: /env\.configure.*parallelism\.default/ };
    assert.throws(() => env.configure({ 'paralelism.default': 2 }), unknown);
    assert.throws(() => env.configure('x' as never), { code: 'INVALID_ARGUMENT' });
  });

  it('sets the buffer timeout and switches it off', () => {
    const { env } = environment();
    env.setBufferTimeout('5 ms');
    assert.equal(env.getConfig().get(ConfigOptions.BUFFER_TIMEOUT_INTERVAL_MS), 5);
    env.setBufferTimeout(-1);
    assert.equal(env.getConfig().get(ConfigOptions.BUFFER_TIMEOUT_ENABLED), false);
    assert.throws(() => env.setBufferTimeout('soon'), { code: 'MALFORMED_DURATION' });
  });

  it('switches chaining off', () => {
    const { env } = environment();
    assert.equal(env.getStreamGraph().chainingEnabled, true);
    assert.equal(env.disableOperatorChaining().getStreamGraph().chainingEnabled, false);
  });

  it('refuses what is no parallelism and modes it does not have', () => {
    const { env } = environment();
    assert.throws(() => env.setParallelism(0), { code: 'INVALID_PARALLELISM' });
    assert.throws(() => env.setParallelism('2' as never), { code: 'INVALID_PARALLELISM' });
    assert.throws(() => env.setMaxParallelism(40_000), { code: 'INVALID_MAX_PARALLELISM' });
    assert.equal(env.setRuntimeMode('STREAMING'), env);
    const refusal = { code: 'INVALID_ARGUMENT', message: /STREAMING, BATCH or AUTOMATIC.*"batch"/ };
    assert.throws(() => env.setRuntimeMode('batch' as never), refusal);
  });
});

describe('StreamExecutionEnvironment: sources', () => {
  it('names sources and runs a collection in one subtask', () => {
    const { env } = environment({ 'parallelism.default': 4 });
    env.fromSequence(1, 10);
    env.fromData('a', 'b').name('letters');
    env.fromData([[1, 2], [3]]);
    const nodes = env.getStreamGraph().nodes.map((node) => [node.name, node.parallelism]);
    assert.deepEqual(nodes, [
      ['Source: Sequence', 4],
      ['Source: letters', 1],
      ['Source: Collection', 1],
    ]);
  });

  it('refuses what is no source, strategy, name or value', () => {
    const { env } = environment();
    const strategy = WatermarkStrategy.noWatermarks<number>();
    const source: Source<number, unknown, unknown> = {
      name: 'mine',
      boundedness: 'BOUNDED',
      createEnumerator: () => assert.fail('is not run'),
      createReader: () => assert.fail('is not run'),
    };
    env.fromSource(source, strategy);
    assert.equal(env.getStreamGraph().nodes[0]?.name, 'Source: mine');
    assert.throws(() => env.fromSource<number, unknown, unknown>(undefined as never, strategy), {
      code: 'INVALID_FUNCTION',
    });
    assert.throws(() => env.fromSource(source, {} as never), { code: 'INVALID_ARGUMENT' });
    assert.throws(() => env.fromSource(source, strategy, ' '), { code: 'INVALID_NAME' });
    assert.throws(() => env.fromSequence(2, 1), { code: 'BAD_SEQUENCE' });
    assert.throws(() => env.fromData(1, undefined), { message: /undefined value index=1/ });
  });
});

describe('StreamExecutionEnvironment: execute', () => {
  it('runs what was built and begins a new program', async () => {
    const { env, executor } = environment();
    const stream = env.fromData(1);
    stream.print();
    const result = await env.execute('first');
    assert.equal(result.jobName, 'first');
    assert.equal(executor.options[0]?.configuration, env.getConfig());
    assert.equal(env.getStreamGraph().nodes.length, 0);
    assert.throws(() => stream.map((n) => n), { code: 'JOB_ALREADY_EXECUTED' });
    assert.throws(() => stream.name('x'), { code: 'JOB_ALREADY_EXECUTED' });
    assert.throws(() => env.fromData(1).union(stream), { code: 'FOREIGN_STREAM' });
  });

  it('refuses a graph that cannot run before the executor sees it', async () => {
    const { env, executor } = environment();
    await assert.rejects(env.execute(), { code: 'NO_OPERATORS' });
    env.fromData(1);
    await assert.rejects(env.execute(), { code: 'NO_SINK' });
    await assert.rejects(env.execute(''), { code: 'INVALID_NAME' });
    assert.equal(executor.graphs.length, 0);
  });

  it('says how to run a job where there is no executor', async () => {
    const env = new StreamExecutionEnvironment();
    env.fromData(1).print();
    await assert.rejects(env.execute(), { code: 'NO_EXECUTOR', message: /sluice run/ });
  });

  it('hands collected records to the program', async () => {
    const { env, executor } = environment();
    const records = env.fromData(1, 2).executeAndCollect('collecting');
    assert.deepEqual(await Array.fromAsync(records), [1, 2]);
    assert.equal(executor.graphs[0]?.jobName, 'collecting');
    assert.equal(executor.graphs[0]?.nodes.at(-1)?.name, 'Sink: collect');
  });

  it('is found where its context was set', async () => {
    const { executor } = environment();
    const restore = StreamExecutionEnvironment.setContext({ executor });
    const env = StreamExecutionEnvironment.getExecutionEnvironment();
    restore();
    env.fromData(1).print();
    await env.execute();
    assert.equal(executor.graphs.length, 1);
    const other = StreamExecutionEnvironment.getExecutionEnvironment();
    other.fromData(1).print();
    await assert.rejects(other.execute(), { code: 'NO_EXECUTOR' });
  });

  it('shows the plan as JSON', () => {
    const { env } = environment();
    env.fromData({ a: 1 }).keyBy('a').sum('a').print();
    const plan = JSON.parse(env.getExecutionPlan()) as { nodes: { type: string }[] };
    assert.deepEqual(
      plan.nodes.map((node) => node.type),
      ['Source: Collection', 'Keyed Aggregation', 'Sink: print'],
    );
  });
});
