import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Configuration, JOB_NAME_EXPORT } from '../core/index.ts';
import type { StreamExecutionEnvironment } from './environment.ts';
import { evaluateJob, jobFunctionOf } from './job-module.ts';

const graphOf = async (module: unknown, args: readonly string[] = []) => {
  const inputs = { args, configuration: Configuration.EMPTY };
  return (await evaluateJob(jobFunctionOf(module, inputs.configuration), inputs)).graph;
};

describe('evaluateJob', () => {
  it('answers what the job function built, with its arguments', async () => {
    const graph = await graphOf(
      {
        default: (env: StreamExecutionEnvironment, args: readonly string[]) => {
          env
            .fromData(1)
            .name(args[0] ?? '')
            .print();
        },
      },
      ['mine'],
    );
    assert.equal(graph.nodes[0]?.name, 'Source: mine');
  });

  it('stops at execute, keeps its name, and never goes on', async () => {
    let wentOn = false;
    const graph = await graphOf({
      default: async (env: StreamExecutionEnvironment) => {
        env.fromData(1).print();
        await env.execute('named');
        wentOn = true;
      },
    });
    assert.equal(graph.jobName, 'named');
    await Promise.resolve();
    assert.equal(wentOn, false);
  });

  it('calls a job that says no name after the file of its bundle', async () => {
    const named = { [JOB_NAME_EXPORT]: 'orders' };
    const build = (env: StreamExecutionEnvironment): unknown => env.fromData(1).print();
    assert.equal((await graphOf({ default: build, ...named })).jobName, 'orders');
    const other = async (env: StreamExecutionEnvironment): Promise<void> => {
      env.fromData(1).print();
      await env.execute('own');
    };
    assert.equal((await graphOf({ default: other, ...named })).jobName, 'own');
  });

  it('refuses a module without a job and says what to export', async () => {
    const refusal = { code: 'NO_JOB_EXPORTED', message: /export default function/ };
    for (const module of [{}, { default: 1 }, undefined]) {
      await assert.rejects(graphOf(module), refusal);
    }
  });

  it('takes the export that the configuration names', async () => {
    const configuration = Configuration.fromRecord({ 'sluice.job-export': 'second' });
    const job = () => undefined;
    assert.equal(jobFunctionOf({ default: () => undefined, second: job }, configuration), job);
    for (const module of [{ default: job }, { second: 1 }, undefined]) {
      assert.throws(() => jobFunctionOf(module, configuration), { code: 'NO_JOB_EXPORTED' });
    }
  });

  it('refuses to collect, since the module runs in every slot', async () => {
    const collecting = {
      default: async (env: StreamExecutionEnvironment) => {
        await Array.fromAsync(env.fromData(1).executeAndCollect());
      },
    };
    await assert.rejects(graphOf(collecting), { code: 'COLLECT_IN_JOB_MODULE' });
  });

  it('says what the job function threw and passes on what the API refused', async () => {
    const throwing = {
      default: () => {
        throw new TypeError('no such table');
      },
    };
    await assert.rejects(graphOf(throwing), {
      kind: 'user',
      code: 'JOB_FUNCTION_FAILED',
      message: /no such table/,
    });
    const unkeyed = {
      default: (env: StreamExecutionEnvironment) => {
        const stream = env.fromData(1) as unknown as { sum(field: string): void };
        stream.sum('amount');
      },
    };
    await assert.rejects(graphOf(unkeyed), { message: /sum is not a function; .* call keyBy/ });
    const refused = { default: (env: StreamExecutionEnvironment) => env.setParallelism(0) };
    await assert.rejects(graphOf(refused), { code: 'INVALID_PARALLELISM' });
  });
});
