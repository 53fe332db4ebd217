import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clusterNames, MAX_PREFIX_CHARS } from './names.ts';

describe('clusterNames', () => {
  it('begin with the prefix', () => {
    assert.deepEqual(clusterNames('orders-2'), {
      prefix: 'orders-2',
      jobsTable: 'orders-2-jobs',
      stateTable: 'orders-2-state',
      coordinatorQueue: 'orders-2-coordinator.fifo',
      coordinatorDeadLetters: 'orders-2-coordinator-dlq.fifo',
      tickQueue: 'orders-2-ticks',
      tickDeadLetters: 'orders-2-ticks-dlq',
      inboxPrefix: 'orders-2-i-',
      inboxDeadLetters: 'orders-2-inbox-dlq',
      wakeGroup: 'orders-2-wake',
      wakeRulePrefix: 'orders-2-w-',
      jobManager: 'orders-2-job-manager',
      triggerSavepoint: 'orders-2-trigger-savepoint',
      functions: {
        api: 'orders-2-api',
        plan: 'orders-2-plan',
        coordinator: 'orders-2-coordinator',
        ticks: 'orders-2-ticks',
        taskmanager: 'orders-2-taskmanager',
        settle: 'orders-2-settle',
        sweeper: 'orders-2-sweeper',
      },
    });
  });

  it('fit into what the services take, with the longest prefix', () => {
    const names = clusterNames('x'.repeat(MAX_PREFIX_CHARS));
    const inbox = `${names.inboxPrefix}${'f'.repeat(32)}-10000`;
    for (const queue of [inbox, names.coordinatorDeadLetters]) assert.ok(queue.length <= 80);
    assert.ok(`${names.wakeRulePrefix}${'f'.repeat(32)}-zzzz`.length <= 64);
    for (const name of Object.values(names.functions)) assert.ok(name.length <= 64);
  });

  it('refuse a prefix that some service, or another cluster, would trip over', () => {
    const wrong = [
      '',
      'A',
      'a_b',
      '-a',
      'a-',
      'a.b',
      'x'.repeat(25),
      'i',
      'a-i',
      'i-a',
      'a-i-b',
      'a-w',
    ];
    for (const prefix of wrong) {
      assert.throws(
        () => clusterNames(prefix),
        { code: 'PREFIX_INVALID', kind: 'invalid' },
        prefix,
      );
    }
  });
});
