import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anyOfPatterns, eventPatternFault } from './event-pattern.ts';
import { alarmGoesOff, objectsCreated } from './wake-offer.ts';

describe('offers of sources', () => {
  it('name objects of a bucket, below a prefix or anywhere', () => {
    const offer = objectsCreated('orders', 'in/');
    assert.deepEqual(offer, {
      kind: 'events',
      pattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: { bucket: { name: ['orders'] }, object: { key: [{ prefix: 'in/' }] } },
      },
    });
    const { pattern } = objectsCreated('orders') as Extract<typeof offer, { kind: 'events' }>;
    assert.deepEqual(pattern.detail, { bucket: { name: ['orders'] } });
  });

  it('are patterns that nothing is wrong with', () => {
    for (const offer of [objectsCreated('b', 'p/'), objectsCreated('b'), alarmGoesOff('visible')]) {
      assert.equal(offer.kind === 'events' && eventPatternFault(offer.pattern), undefined);
    }
  });
});

describe('eventPatternFault', () => {
  it('passes what EventBridge knows', () => {
    for (const pattern of [
      { source: ['my.app', null, 3, true] },
      { detail: { size: [{ numeric: ['>', 0] }], name: [{ 'anything-but': ['x'] }] } },
      { $or: [{ source: ['a'] }, { detail: { key: [{ exists: false }] } }] },
    ]) {
      assert.equal(eventPatternFault(pattern), undefined);
    }
  });

  it('says what is wrong, and where', () => {
    const faults: readonly (readonly [unknown, string])[] = [
      [[], 'the pattern must be a JSON object'],
      [{}, 'the pattern must name a field'],
      [{ detail: {} }, "'detail' must name a field"],
      [{ source: 'a' }, "'source' must be a list of values, or an object"],
      [{ detail: { key: [] } }, "'detail.key' must be a list of at least one value"],
      [{ source: [['a']] }, "'source[0]' must be a value, or a matcher"],
      [{ source: [{ prefix: 'a', suffix: 'b' }] }, "'source[0]' must have one matcher"],
      [
        { source: ['a', { begins: 'b' }] },
        "'source[1]' has no matcher that EventBridge knows: 'begins'",
      ],
      [{ $or: [{ source: ['a'] }] }, "'$or' must be a list of at least two patterns"],
      [{ $or: [{ source: ['a'] }, 3] }, "'$or[1]' must be a JSON object"],
    ];
    for (const [pattern, fault] of faults) assert.equal(eventPatternFault(pattern), fault);
  });
});

describe('anyOfPatterns', () => {
  it('is the one there is, or a choice of those that differ', () => {
    const [a, b] = [{ source: ['a'] }, { source: ['b'] }];
    assert.deepEqual(anyOfPatterns([a, { ...a }]), a);
    assert.deepEqual(anyOfPatterns([a, b]), { $or: [a, b] });
  });
});
