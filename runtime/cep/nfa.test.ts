import { deepEqual, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import { begin, is, matchesOf, NfaRun, type TestEvent } from './nfa-fixture.ts';
import { Pattern } from './pattern.ts';

const sorted = (texts: readonly string[]): string[] => [...texts].sort();

describe('a pattern of two events over a c b1 b2 (L111)', () => {
  const text = 'a c b1 b2';

  it('has no match with next, since c comes between', () => {
    deepEqual(matchesOf(begin('a').next('b').where(is('b')), text), []);
    deepEqual(matchesOf(begin('a').next('b').where(is('b')), 'a b1 b2'), ['a b1']);
  });

  it('has the first b with followedBy', () => {
    deepEqual(matchesOf(begin('a').followedBy('b').where(is('b')), text), ['a b1']);
  });

  it('has every b with followedByAny', () => {
    deepEqual(matchesOf(begin('a').followedByAny('b').where(is('b')), text), ['a b1', 'a b2']);
  });
});

describe('skip strategies over runs of a{2} b{2} that every event fits (L113)', () => {
  const pattern = (skip: AfterMatchSkipStrategy) =>
    Pattern.begin<TestEvent>('start', skip)
      .where(is('ab'))
      .times(2)
      .next('end')
      .where(is('ab'))
      .times(2)
      .consecutive();

  it('skipToFirst(end) goes on with the first event of end', () => {
    const text = 'ab1 ab2 ab3 ab4 ab5 ab6';
    const found = matchesOf(pattern(AfterMatchSkipStrategy.skipToFirst('end')), text);
    deepEqual(found, ['ab1 ab2 ab3 ab4', 'ab3 ab4 ab5 ab6']);
  });

  it('skipToLast(end) goes on with the last event of end', () => {
    const text = 'ab1 ab2 ab3 ab4 ab5 ab6 ab7';
    const found = matchesOf(pattern(AfterMatchSkipStrategy.skipToLast('end')), text);
    deepEqual(found, ['ab1 ab2 ab3 ab4', 'ab4 ab5 ab6 ab7']);
  });

  it('noSkip finds a match at each event', () => {
    const found = matchesOf(pattern(AfterMatchSkipStrategy.noSkip()), 'ab1 ab2 ab3 ab4 ab5');
    deepEqual(found, ['ab1 ab2 ab3 ab4', 'ab2 ab3 ab4 ab5']);
  });

  it('skipToNext finds one for each event it begins with', () => {
    const skip = AfterMatchSkipStrategy.skipToNext();
    const any = begin('a', skip).followedByAny('b').where(is('b'));
    deepEqual(matchesOf(any, 'a1 a2 b1 b2'), ['a1 b1', 'a2 b1']);
  });

  it('keeps the one of several matches from one event that comes first, as in Flink', () => {
    const skip = AfterMatchSkipStrategy.skipToNext();
    const loop = begin('a', skip).followedBy('b').where(is('b')).oneOrMore().optional();
    const pattern = loop.followedByAny('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a1 b1 a2 b2 c1'), ['a1 b1 b2 c1', 'a2 c1']);
  });
});

describe('a b+ c over a b1 d1 b2 d2 b3 c (L115)', () => {
  const text = 'a b1 d1 b2 d2 b3 c';
  const loop = () => begin('a').followedByAny('b').where(is('b')).oneOrMore();
  const runs = (pattern: ReturnType<typeof loop>) =>
    sorted(matchesOf(pattern.followedBy('c').where(is('c')), text));

  it('has each b alone with consecutive', () => {
    deepEqual(runs(loop().consecutive()), ['a b1 c', 'a b2 c', 'a b3 c']);
  });

  it('has runs of neighbouring b without more', () => {
    const neighbours = ['a b1 c', 'a b1 b2 c', 'a b1 b2 b3 c', 'a b2 c', 'a b2 b3 c', 'a b3 c'];
    deepEqual(runs(loop()), sorted(neighbours));
  });

  it('also has b1 b3 with allowCombinations', () => {
    const found = runs(loop().allowCombinations());
    deepEqual(found.includes('a b1 b3 c'), true);
    deepEqual(found.length, 7);
  });
});

describe('skipPastLastEvent over branches (L117)', () => {
  it('leaves only the first match of a followedByAny b followedByAny c followedBy d', () => {
    const pattern = begin('a', AfterMatchSkipStrategy.skipPastLastEvent())
      .followedByAny('b')
      .where(is('b'))
      .followedByAny('c')
      .where(is('c'))
      .followedBy('d')
      .where(is('d'));
    deepEqual(matchesOf(pattern, 'a1 a2 b1 b2 c1 c2 d1 d2'), ['a1 b1 c1 d1']);
  });

  it('drops what began before the end of the match', () => {
    const skip = AfterMatchSkipStrategy.skipPastLastEvent();
    const pattern = begin('a', skip).times(3).consecutive();
    deepEqual(matchesOf(pattern, 'a1 a2 a3 a4 a5 a6'), ['a1 a2 a3', 'a4 a5 a6']);
  });

  const sameNumber = () =>
    begin('a', AfterMatchSkipStrategy.skipPastLastEvent())
      .followedBy('b')
      .where((event, ctx) => {
        const [first] = ctx.getEventsForPattern('a');
        return is('b')(event) && first?.name.slice(1) === event.name.slice(1);
      })
      .within(10);

  it('holds a match back while one that began earlier can make it be skipped', () => {
    const run = new NfaRun(sameNumber()).feed('a1 a2 b2');
    deepEqual(run.matches, []);
    deepEqual(run.feed('b1@4').matches, ['a1 b1']);
    deepEqual(run.kept(), [0, 0, 0]);
  });

  it('emits a match that was held back once the one that began earlier timed out', () => {
    const run = new NfaRun(sameNumber()).feed('a1 a2 b2').advanceTime(11);
    deepEqual([run.matches, run.timedOut], [['a2 b2'], ['a1@11']]);
    deepEqual(run.kept(), [0, 0, 0]);
  });
});

describe('a match that is skipped to', () => {
  const pattern = (skip: AfterMatchSkipStrategy) =>
    begin('a', skip).followedBy('b').where(is('b')).optional().followedBy('c').where(is('c'));

  it('is kept whole where it has no event of the pattern', () => {
    deepEqual(matchesOf(pattern(AfterMatchSkipStrategy.skipToFirst('b')), 'a1 c1'), ['a1 c1']);
  });

  it('fails the job with throwExceptionOnMiss', () => {
    const skip = AfterMatchSkipStrategy.skipToFirst('b').throwExceptionOnMiss();
    throws(() => matchesOf(pattern(skip), 'a1 c1'), { code: 'SKIP_MISSED' });
  });

  it('fails the job with throwExceptionOnMiss where it would begin anew', () => {
    const skip = AfterMatchSkipStrategy.skipToFirst('a').throwExceptionOnMiss();
    throws(() => matchesOf(pattern(skip), 'a1 c1'), { code: 'SKIP_MISSED' });
  });
});

describe('how often a pattern occurs', () => {
  it('oneOrMore at the end emits every length', () => {
    const pattern = begin('a').next('b').where(is('b')).oneOrMore();
    deepEqual(matchesOf(pattern, 'a b1 b2 c b3'), ['a b1', 'a b1 b2', 'a b1 b2 b3']);
  });

  it('times takes exactly so many', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(is('b'))
      .times(2)
      .followedBy('c')
      .where(is('c'));
    deepEqual(matchesOf(pattern, 'a b1 d b2 b3 c'), ['a b1 b2 c']);
  });

  it('times from and to takes any number between', () => {
    const pattern = begin('a').next('b').where(is('b')).times(1, 2).next('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a1 b1 c1 a2 b2 b3 c2'), ['a1 b1 c1', 'a2 b2 b3 c2']);
    deepEqual(matchesOf(pattern, 'a c'), []);
  });

  it('times from 0 may be left out', () => {
    const pattern = begin('a').next('b').where(is('b')).times(0, 2).next('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a c'), ['a c']);
  });

  it('timesOrMore takes no fewer', () => {
    const pattern = begin('a').timesOrMore(2).consecutive().next('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a1 c a2 a3 a4 c2'), ['a2 a3 a4 c2', 'a3 a4 c2']);
  });

  it('optional may be left out, at the start, in the middle and at the end', () => {
    const start = begin('a').optional().next('b').where(is('b'));
    deepEqual(matchesOf(start, 'a b'), ['a b', 'b']);
    const middle = begin('a')
      .followedBy('b')
      .where(is('b'))
      .optional()
      .followedBy('c')
      .where(is('c'));
    deepEqual(sorted(matchesOf(middle, 'a b c')), ['a b c', 'a c']);
    const end = begin('a').next('b').where(is('b')).optional();
    deepEqual(matchesOf(end, 'a b'), ['a', 'a b']);
  });

  it('greedy takes what the next pattern could have', () => {
    const loop = () => begin('a').followedBy('b').where(is('b')).oneOrMore();
    const next = (pattern: ReturnType<typeof loop>) => pattern.followedBy('c').where(is('bc'));
    deepEqual(sorted(matchesOf(next(loop()), 'a b1 bc1 d')), ['a b1 bc1']);
    const end = (pattern: ReturnType<typeof loop>) => pattern.followedBy('c').where(is('c'));
    deepEqual(matchesOf(end(loop().greedy()), 'a b1 b2 c'), ['a b1 b2 c']);
    deepEqual(matchesOf(next(loop().greedy()), 'a b1 bc1 d'), []);
  });

  it('greedy optional leaves it out only where nothing fits', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(is('b'))
      .oneOrMore()
      .optional()
      .greedy()
      .followedBy('c')
      .where(is('c'));
    deepEqual(matchesOf(pattern, 'a c'), ['a c']);
    deepEqual(matchesOf(pattern, 'a b1 b2 c'), ['a b1 b2 c']);
  });

  it('until ends the loop', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(is('b'))
      .oneOrMore()
      .until(is('x'))
      .followedBy('c')
      .where(is('c'));
    deepEqual(matchesOf(pattern, 'a b1 x b2 c'), ['a b1 c']);
  });

  it('greedy with until lets the next pattern have what ends the loop', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(is('b'))
      .oneOrMore()
      .greedy()
      .until(is('bx'))
      .followedBy('c')
      .where(is('b'));
    deepEqual(matchesOf(pattern, 'a b1 b2 bx'), ['a b1 b2 bx']);
  });
});

describe('negated patterns', () => {
  const c = (pattern: Pattern<TestEvent>) => pattern.followedBy('c').where(is('c'));

  it('notNext ends the match at the very next event only', () => {
    const pattern = c(begin('a').notNext('b').where(is('b')));
    deepEqual(matchesOf(pattern, 'a1 b c'), []);
    deepEqual(matchesOf(pattern, 'a1 d b c'), ['a1 c']);
  });

  it('notNext at the end is complete with the next event', () => {
    const run = new NfaRun(begin('a').notNext('b').where(is('b'))).feed('a1');
    deepEqual(run.matches, []);
    deepEqual(run.feed('b@9').matches, []);
    deepEqual(run.feed('a2@10 d@11').matches, ['a2']);
    deepEqual(run.kept(), [0, 0, 0]);
  });

  it('notFollowedBy ends the match up to the next pattern', () => {
    const pattern = c(begin('a').notFollowedBy('b').where(is('b')));
    deepEqual(matchesOf(pattern, 'a1 d b c'), []);
    deepEqual(matchesOf(pattern, 'a1 d c b'), ['a1 c']);
  });

  it('notFollowedBy before an optional pattern holds until that has an event', () => {
    const pattern = begin('a')
      .notFollowedBy('b')
      .where(is('b'))
      .followedByAny('c')
      .where(is('c'))
      .optional()
      .followedByAny('d')
      .where(is('d'));
    deepEqual(matchesOf(pattern, 'a c b d'), ['a c d']);
    deepEqual(matchesOf(pattern, 'a b d'), []);
    deepEqual(sorted(matchesOf(pattern, 'a c d')), ['a c d', 'a d']);
  });

  it('notFollowedBy after a loop ends it too', () => {
    const pattern = c(begin('a').oneOrMore().notFollowedBy('b').where(is('b')));
    deepEqual(matchesOf(pattern, 'a1 b a2 c'), ['a2 c']);
  });

  it('notFollowedBy after a number of times holds behind ignored events too', () => {
    const pattern = c(begin('a').times(1, 2).notFollowedBy('b').where(is('b')));
    deepEqual(matchesOf(pattern, 'a1 x b a2 c'), ['a2 c']);
  });

  it('notFollowedBy no longer holds between the events of the pattern behind it', () => {
    const pattern = begin('s')
      .notFollowedBy('b')
      .where(is('b'))
      .followedBy('o')
      .where(is('o'))
      .optional()
      .followedBy('a')
      .where(is('a'))
      .times(1, 2);
    deepEqual(matchesOf(pattern, 's a1 x b a2'), ['s a1', 's a1 a2']);
  });

  it('notFollowedBy at the end is complete when the time is over', () => {
    const pattern = begin('a').notFollowedBy('b').where(is('b')).within(10);
    const run = new NfaRun(pattern).feed('a1@1 c@5 a2@6 b@11').advanceTime(15);
    deepEqual(run.matches, ['a1']);
    deepEqual(run.advanceTime(100).matches, ['a1']);
    deepEqual(run.timedOut, []);
    deepEqual(run.kept(), [0, 0, 0]);
  });

  it('notFollowedBy at the end completes a loop when the time is over', () => {
    const pattern = begin('a')
      .oneOrMore()
      .consecutive()
      .notFollowedBy('b')
      .where(is('b'))
      .within(10);
    const run = new NfaRun(pattern).feed('a1@1').advanceTime(11);
    deepEqual(run.matches, ['a1']);
  });
});

describe('time', () => {
  it('ends a match that is not complete within it, at the exact millisecond', () => {
    const pattern = begin('a').followedBy('b').where(is('b')).within(10);
    const run = new NfaRun(pattern).feed('a1@1 b1@10 a2@11 b2@21');
    deepEqual(run.matches, ['a1 b1']);
    deepEqual(run.timedOut, ['a2@21']);
    deepEqual(run.kept(), [0, 0, 0]);
  });

  it('takes the shortest of all parts', () => {
    const pattern = begin('a').within(5).followedBy('b').where(is('b')).within(10);
    deepEqual(new NfaRun(pattern).feed('a1@1 b1@6').timedOut, ['a1@6']);
  });

  it('from the event before is of its part only', () => {
    const pattern = begin('a')
      .followedBy('b')
      .where(is('b'))
      .within(10, 'PREVIOUS_AND_CURRENT')
      .followedBy('c')
      .where(is('c'));
    deepEqual(matchesOf(pattern, 'a1@1 b1@10 c@100'), ['a1 b1 c']);
    const run = new NfaRun(pattern).feed('a1@1 b1@11 c@100');
    deepEqual([run.matches, run.timedOut], [[], ['a1@11']]);
  });
});

describe('conditions', () => {
  it('see the events that their own partial match holds', () => {
    const pattern = begin('a')
      .followedByAny('b')
      .where(
        (event, ctx) => ctx.getEventsForPattern('a')[0]?.name.slice(1) === event.name.slice(1),
      );
    deepEqual(matchesOf(pattern, 'a1 a2 b2 b1'), ['a2 b2', 'a1 b1']);
  });

  it('see how long a loop is already', () => {
    const pattern = begin('a')
      .next('b')
      .where((event, ctx) => is('b')(event) && ctx.getEventsForPattern('b').length < 2)
      .oneOrMore()
      .consecutive();
    deepEqual(matchesOf(pattern, 'a b1 b2 b3'), ['a b1', 'a b1 b2']);
  });

  it('are joined by where and or in the order in which they are said', () => {
    const pattern = Pattern.begin<TestEvent>('x')
      .where(is('a'))
      .where({ filter: ({ name }) => name.endsWith('1') })
      .or(is('c'));
    deepEqual(matchesOf(pattern, 'a1 a2 b1 c2'), ['a1', 'c2']);
  });

  it('of a pattern without one hold for any event', () => {
    deepEqual(matchesOf(begin('a').next('any'), 'a1 x'), ['a1 x']);
  });

  it('may not answer a promise', () => {
    const pattern = Pattern.begin<TestEvent>('x').where(
      (async () => true) as unknown as () => boolean,
    );
    throws(() => matchesOf(pattern, 'a'), /synchronous/);
  });
});

describe('groups', () => {
  const ab = (a = 'a', b = 'b') => begin(a).followedBy(b).where(is(b));

  it('are matched as a part', () => {
    const pattern = begin('s').next(ab()).followedBy('e').where(is('e'));
    deepEqual(matchesOf(pattern, 's a b e'), ['s a b e']);
    deepEqual(matchesOf(pattern, 's x a b e'), []);
  });

  it('occur several times', () => {
    const pattern = Pattern.begin(ab()).times(2).followedBy('e').where(is('e'));
    deepEqual(matchesOf(pattern, 'a1 b1 x a2 b2 e'), ['a1 a2 b1 b2 e']);
  });

  it('loop, from neighbour to neighbour when consecutive', () => {
    const loop = Pattern.begin(ab()).oneOrMore();
    deepEqual(matchesOf(loop, 'a1 b1 x a2 b2'), ['a1 b1', 'a1 a2 b1 b2', 'a2 b2']);
    const strict = Pattern.begin(ab()).oneOrMore().consecutive();
    deepEqual(matchesOf(strict, 'a1 b1 x a2 b2'), ['a1 b1', 'a2 b2']);
  });

  it('are left out when optional', () => {
    const pattern = begin('s').followedBy(ab()).optional().followedBy('e').where(is('e'));
    deepEqual(matchesOf(pattern, 's e'), ['s e']);
    deepEqual(sorted(matchesOf(pattern, 's a b e')), ['s a b e', 's e']);
  });

  it('loop until', () => {
    const pattern = begin('s').followedBy(ab()).oneOrMore().until(is('x'));
    deepEqual(matchesOf(pattern, 's a1 b1 x a2 b2'), ['s a1 b1']);
  });

  it('hold groups', () => {
    const inner = begin('b').next('c').where(is('c'));
    const pattern = Pattern.begin(begin('a').next(inner).times(2).consecutive())
      .next('d')
      .where(is('d'));
    deepEqual(matchesOf(pattern, 'a b1 c1 b2 c2 d'), ['a b1 b2 c1 c2 d']);
  });
});

describe('what is kept', () => {
  it('is an event that one partial match dropped and another takes', () => {
    const pattern = begin('a').notFollowedBy('n').where(is('a2')).followedBy('b').where(is('a'));
    deepEqual(matchesOf(pattern, 'a1 a2 a3'), ['a1 a2', 'a2 a3']);
  });

  it('is nothing once every match is emitted or dropped', () => {
    const run = new NfaRun(begin('a').followedByAny('b').where(is('b')).within(10));
    run.feed('a1 a2 b1 b2');
    deepEqual(run.kept(), [2, 2, 2]);
    deepEqual(run.advanceTime(50).kept(), [0, 0, 0]);
  });

  it('is nothing of events that no match took', () => {
    deepEqual(new NfaRun(begin('a')).feed('x y z').kept(), [0, 0, 0]);
  });
});

describe('the first pattern of a group', () => {
  it('may come fewer times than it could', () => {
    const group = begin('b').times(2, 4);
    deepEqual(matchesOf(begin('a').next(group), 'a1 b1 b2 b3'), ['a1 b1 b2', 'a1 b1 b2 b3']);
  });

  it('may come several times where the group is optional, and is looked for once', () => {
    const group = begin('b').times(2);
    const pattern = begin('a').followedBy(group).optional().followedBy('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a1 x1 b1 b2 c1'), ['a1 b1 b2 c1', 'a1 c1']);
  });
});

describe('times with a window time', () => {
  it('takes events of one pattern only so close to each other, however far what is around', () => {
    const twice = begin('a').followedBy('b').where(is('b')).times(2, '5 ms');
    const pattern = twice.followedBy('c').where(is('c'));
    deepEqual(matchesOf(pattern, 'a1@1 b1@50 b2@54 c1@100'), ['a1 b1 b2 c1']);
    deepEqual(matchesOf(pattern, 'a1@1 b1@50 b2@55 c1@100'), []);
  });

  it('ends what needs another event when its time is over', () => {
    const run = new NfaRun(begin('a').times(3, 3, 5)).feed('a1@1 a2@2 x@20');
    deepEqual(run.timedOut, ['a1 a2@7', 'a2@7']);
    deepEqual(run.kept(), [0, 0, 0]);
  });

  it('goes on without what may be missing', () => {
    const loop = begin('a').oneOrMore('5 ms').followedBy('c').where(is('c'));
    const found = sorted(matchesOf(loop, 'a1@1 a2@5 a3@10 c1@100'));
    deepEqual(found, ['a1 a2 c1', 'a1 c1', 'a2 c1', 'a3 c1']);
    const ranged = begin('a').times(1, 2, 5).followedBy('c').where(is('c'));
    deepEqual(sorted(matchesOf(ranged, 'a1@1 a2@5 c1@100')), ['a1 a2 c1', 'a1 c1', 'a2 c1']);
    const more = begin('a').timesOrMore(2, '5 ms').followedBy('c').where(is('c'));
    deepEqual(matchesOf(more, 'a1@1 a2@5 a3@20 c1@100'), ['a1 a2 c1']);
  });
});
