import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FAULTS, type FaultRule, FaultRules } from './fault-rules.ts';
import { HeldMessages } from './held-messages.ts';
import type { ServiceCall } from './service-call.ts';

const put: ServiceCall = {
  ...{ service: 'dynamodb', operation: 'PutItem', resource: 'jobs', input: {} },
};
const receive: ServiceCall = {
  ...{ service: 'sqs', operation: 'ReceiveMessage', resource: 'inbox', input: {} },
};

describe('FaultRules', () => {
  const throttled: FaultRule = { service: 'dynamodb', fault: FAULTS.dynamoThrottled };

  it('makes the same choices from the same seed, and others from another', () => {
    const choices = (seed: number) => {
      const rules = new FaultRules(seed);
      rules.add({ ...throttled, probability: 0.5 });
      return Array.from({ length: 64 }, () => rules.plan(put).fault === undefined).join();
    };
    assert.equal(choices(1), choices(1));
    assert.notEqual(choices(1), choices(2));
  });

  it('does not change what a rule does when another one is added', () => {
    const hits = (others: number) => {
      const rules = new FaultRules(3);
      const watched = rules.add({ ...throttled, probability: 0.3 });
      for (let n = 0; n < others; n += 1) {
        rules.add({ service: 'dynamodb', fault: { kind: 'delay', minMs: 1, maxMs: 9 } });
      }
      for (let n = 0; n < 100; n += 1) rules.plan(put);
      return watched.hits;
    };
    assert.equal(hits(0), hits(3));
  });

  it('befalls the calls that its predicate picks, of any service when none is named', () => {
    const rules = new FaultRules(1);
    rules.add({ where: ({ caller }) => caller?.program === 'plan', fault: FAULTS.s3SlowDown });
    assert.equal(rules.plan(put).fault, undefined);
    assert.equal(rules.plan({ ...put, caller: { program: 'plan' } }).fault?.kind, 'refuse');
  });

  it('kills no caller that is not known', () => {
    const rules = new FaultRules(1);
    const killing = rules.add({ fault: { kind: 'kill-caller', isCarriedOut: false }, times: 1 });
    assert.equal(rules.plan(put).fault, undefined);
    assert.equal(killing.hits, 0);
    assert.equal(
      rules.plan({ ...put, caller: { program: '', pid: 1 } }).fault?.kind,
      'kill-caller',
    );
  });

  it('skips, strikes a number of times, and stops when it is removed', () => {
    const rules = new FaultRules(1);
    rules.add({ ...throttled, skip: 1, times: 1 });
    const kinds = () => rules.plan(put).fault?.kind;
    assert.deepEqual([kinds(), kinds(), kinds()], [undefined, 'refuse', undefined]);
    const always = rules.add(throttled);
    assert.equal(kinds(), 'refuse');
    always.remove();
    assert.equal(kinds(), undefined);
  });

  it('matches service, operation and resource', () => {
    const rules = new FaultRules(1);
    const rule = rules.add({ ...throttled, operation: 'PutItem', resource: /^jobs$/ });
    rules.plan({ ...put, resource: 'segments' });
    rules.plan({ ...put, operation: 'GetItem' });
    rules.plan({ ...put, service: 's3' });
    assert.equal(rule.hits, 0);
    rules.plan(put);
    assert.equal(rule.hits, 1);
  });

  it('adds delays up and takes the first rule that answers', () => {
    const rules = new FaultRules(1);
    const delay = { kind: 'delay', minMs: 5, maxMs: 5 } as const;
    rules.add({ service: 'dynamodb', fault: delay });
    rules.add({ service: 'dynamodb', fault: delay });
    rules.add({ service: 'dynamodb', fault: FAULTS.dynamoAnswerLost });
    rules.add(throttled);
    assert.deepEqual(rules.plan(put), { delayMs: 10, fault: FAULTS.dynamoAnswerLost });
  });

  it('swallows only what is sent', () => {
    const rules = new FaultRules(1);
    rules.add({ service: 'sqs', fault: FAULTS.sqsSwallowed });
    assert.equal(rules.plan(receive).fault, undefined);
    assert.equal(rules.plan({ ...receive, operation: 'SendMessage' }).fault?.kind, 'swallow');
  });
});

describe('HeldMessages', () => {
  const world = (fault: FaultRule['fault'], times?: number) => {
    let nowMs = 0;
    const rules = new FaultRules(5);
    rules.add({ service: 'sqs', fault, ...(times === undefined ? {} : { times }) });
    const held = new HeldMessages(rules, () => nowMs);
    const names = (messages: readonly object[]) => messages.map((each) => Object.values(each)[0]);
    return {
      give: (call: ServiceCall, ...bodies: string[]) =>
        names(
          held.filter(
            call,
            bodies.map((Body) => ({ Body })),
          ),
        ),
      take: (queue: string) => names(held.take(queue, 10)),
      dueInMs: (queue: string) => held.dueInMs(queue),
      pass: (delayMs: number) => {
        nowMs += delayMs;
      },
    };
  };

  it('delivers a duplicate now and again when it is due', () => {
    const { give, take, dueInMs, pass } = world({ kind: 'duplicate-message', minMs: 7, maxMs: 7 });
    assert.deepEqual(give(receive, 'a'), ['a']);
    assert.deepEqual(take('inbox'), []);
    assert.equal(dueInMs('inbox'), 7);
    pass(7);
    assert.deepEqual(take('another'), []);
    assert.deepEqual(take('inbox'), ['a']);
    assert.equal(dueInMs('inbox'), undefined);
  });

  it('holds a message while the next one passes', () => {
    const { give, take, pass } = world({ kind: 'hold-message', minMs: 7, maxMs: 7 }, 1);
    assert.deepEqual(give(receive, 'a', 'b'), ['b']);
    pass(10);
    assert.deepEqual(take('inbox'), ['a']);
  });

  it('shuffles an answer without losing any of it', () => {
    const { give } = world({ kind: 'shuffle-message' });
    const bodies = ['a', 'b', 'c', 'd', 'e', 'f'];
    const shuffled = give(receive, ...bodies);
    assert.notDeepEqual(shuffled, bodies);
    assert.deepEqual(shuffled.sort(), bodies);
  });

  it('keeps the order of a FIFO queue', () => {
    const { give } = world({ kind: 'hold-message', minMs: 7, maxMs: 7 });
    assert.deepEqual(give({ ...receive, resource: 'inbox.fifo' }, 'a', 'b'), ['a', 'b']);
  });
});
