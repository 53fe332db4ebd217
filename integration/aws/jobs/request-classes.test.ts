import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareCalls, comparisonText, operationsText } from './request-classes.ts';

describe('compareCalls', () => {
  it('compares each service, and each kind of its requests', () => {
    const counted = { 'sqs:SendMessage': { calls: 8 }, 'sqs:SendMessageBatch': { calls: 2 } };
    const expected = { 'sqs:SendMessage': { calls: 9 }, 's3:GetObject': { calls: 1 } };
    assert.deepEqual(compareCalls(counted, expected), [
      { name: 's3', counted: 0, expected: 1, deviation: 1 },
      { name: 's3 reads', counted: 0, expected: 1, deviation: 1 },
      { name: 'sqs', counted: 10, expected: 9, deviation: -0.1 },
      { name: 'sqs sends', counted: 10, expected: 9, deviation: -0.1 },
    ]);
  });

  it('names each operation that either has', () => {
    const counted = { 'sqs:SendMessage': { calls: 8 }, 'execute-api:GET /jobs': { calls: 2 } };
    assert.equal(
      operationsText(counted, { 's3:GetObject': { calls: 1 } }),
      's3:GetObject                             0       1.0\n' +
        'sqs:SendMessage                          8       0.0',
    );
  });

  it('puts no request of a service aside', () => {
    const compared = compareCalls({ 'kms:Decrypt': { calls: 3 } }, {});
    assert.deepEqual(
      compared.map(({ name, counted }) => [name, counted]),
      [['kms', 3]],
    );
    assert.equal(comparisonText(compared), 'kms                        3       0.0  -100.0 %');
  });
});
