import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MapStateDescriptor } from '../state/index.ts';
import { runJob } from '../testing/index.ts';
import { StreamExecutionEnvironment } from './environment.ts';
import { statefulOperatorsWithoutUid } from './stateful-operators.ts';

const RULES = new MapStateDescriptor<string, number>('rules');
const streams = () => {
  const env = new StreamExecutionEnvironment();
  const events = env.fromData({ key: 'a', n: 1 });
  const rules = env.fromData({ name: 'r', limit: 1 });
  return { env, events, rules };
};
const fn = { processElement: () => {}, processBroadcastElement: () => {} };

describe('a stream connected to a broadcast one', () => {
  it('is an operator of Flink’s name, one of its edges broadcast, that wants a uid', () => {
    const { env, events, rules } = streams();
    events.keyBy('key').connect(rules.broadcast(RULES)).process(fn).print();
    events.connect(rules.broadcast(RULES)).process(fn).print();
    const graph = env.getStreamGraph();
    const [keyed, plain] = graph.nodes.filter(({ body }) => body.kind === 'two-input');
    assert.deepEqual(
      [keyed, plain].map((node) => [node?.name, node?.inEdges.map((e) => e.partitioner.kind)]),
      [
        ['Co-Process-Broadcast-Keyed', ['HASH', 'BROADCAST']],
        ['Co-Process-Broadcast', ['FORWARD', 'BROADCAST']],
      ],
    );
    const names = statefulOperatorsWithoutUid(graph);
    assert.ok(names.includes('Co-Process-Broadcast'), names.join());
    assert.ok(names.includes('Co-Process-Broadcast-Keyed'), names.join());
  });

  it('refuses what cannot work when the graph is built', () => {
    const { events, rules } = streams();
    const broadcast = rules.broadcast(RULES);
    const refused = (build: () => unknown, code: string, message: RegExp): void =>
      void assert.throws(build, { kind: 'invalid', code, message });
    const timers = { ...fn, onTimer: () => {} };
    const onTimer = /onTimer needs a keyed stream: call keyBy before connect/;
    refused(() => events.connect(broadcast).process(timers), 'INVALID_FUNCTION', onTimer);
    const half = { processElement: () => {} } as unknown as typeof fn;
    const method = /expects a method 'processBroadcastElement'/;
    refused(() => events.connect(broadcast).process(half), 'INVALID_FUNCTION', method);
    refused(() => events.keyBy('key').connect(broadcast).process(half), 'INVALID_FUNCTION', method);
    refused(() => rules.broadcast(RULES, RULES), 'INVALID_ARGUMENT', /one name: 'rules'/);
    const name = 'rules' as unknown as typeof RULES;
    refused(() => rules.broadcast(name), 'INVALID_ARGUMENT', /expects MapStateDescriptors/);
    const ttl = new MapStateDescriptor<string, number>('t', { ttl: { ttlMs: 5 } });
    refused(() => rules.broadcast(ttl), 'INVALID_ARGUMENT', /no time to live.*descriptor 't'/);
    const foreign = streams().rules.broadcast(RULES);
    refused(() => events.connect(foreign), 'FOREIGN_STREAM', /connect/);
    refused(() => events.keyBy('key').connect(foreign), 'FOREIGN_STREAM', /connect/);
    const plain = rules as unknown as typeof broadcast;
    const keyed = /expects a keyed stream or a broadcast one: call keyBy, or broadcast/;
    refused(() => events.keyBy('key').connect(plain), 'INVALID_ARGUMENT', keyed);
  });

  it('has every rule in every subtask once the rules are over', async () => {
    const { result, printed } = await runJob(
      (env) => {
        const events = env.fromSequence(1, 40).map((n) => ({ key: n % 10, n }));
        const rules = env.fromData(1, 2, 3);
        const state = new MapStateDescriptor<number, number>('numbers');
        events
          .keyBy('key')
          .connect(rules.broadcast(state))
          .process<string>({
            processElement: (_event, ctx) => ctx.timerService.registerEventTimeTimer(1e15),
            processBroadcastElement: (rule, ctx) => ctx.getBroadcastState(state).put(rule, rule),
            onTimer: (_ms, ctx, out) => {
              const rulesSeen = [...ctx.getBroadcastState(state).keys()].sort().join('');
              out.collect(`${ctx.getCurrentKey()}:${rulesSeen}`);
            },
          })
          .setParallelism(3)
          .print()
          .setParallelism(1);
      },
      { parallelism: 2 },
    );
    assert.deepEqual([result.status, result.error?.message], ['FINISHED', undefined]);
    const expected = Array.from({ length: 10 }, (_, key) => `${key}:123`);
    assert.deepEqual(printed.trim().split('\n').sort(), expected);
  });
});
