import { doesNotThrow, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import { compilePattern } from './compile-pattern.ts';
import { begin, is } from './nfa-fixture.ts';
import { Pattern } from './pattern.ts';

const refuses = (make: () => unknown, message: RegExp): void => {
  throws(make, (error: { readonly code?: string; readonly message: string }) => {
    equal(error.code, 'MALFORMED_PATTERN');
    return message.test(error.message);
  });
};

describe('a pattern', () => {
  it('refuses a second pattern of the same name, in a group too', () => {
    refuses(() => begin('a').next('a'), /same name.*pattern="a"/);
    refuses(() => begin('a').next(begin('b').next('a')), /same name/);
  });

  it('refuses a name that is empty', () => {
    throws(() => Pattern.begin(''), { code: 'INVALID_NAME' });
  });

  it('refuses notFollowedBy at the end without within', () => {
    const endless = begin('a').notFollowedBy('b');
    refuses(() => compilePattern(endless), /add within/);
    doesNotThrow(() => compilePattern(endless.within('1 s')));
    const gap = begin('a').notFollowedBy('b').within(5, 'PREVIOUS_AND_CURRENT');
    doesNotThrow(() => compilePattern(gap));
  });

  it('refuses a negated pattern before nothing but optional ones', () => {
    const next = begin('a').notNext('b').followedBy('c').optional();
    refuses(() => compilePattern(next), /make one of it required.*pattern="b"/);
    const followed = begin('a').notFollowedBy('b').followedBy('c').times(0, 2);
    refuses(() => compilePattern(followed.within('1 s')), /make one of it required/);
    const group = Pattern.begin(begin('a').notNext('b').next('c').optional());
    refuses(() => compilePattern(group), /make one of it required/);
    doesNotThrow(() => compilePattern(group.next('d')));
  });

  it('refuses a negated pattern after an optional one', () => {
    refuses(() => begin('a').optional().notNext('b'), /after an optional pattern/);
    refuses(() => begin('a').next('b').optional().notFollowedBy('c'), /after an optional pattern/);
  });

  it('refuses an optional pattern after a greedy one, as Flink does', () => {
    const greedy = begin('a').oneOrMore().greedy();
    refuses(() => greedy.followedBy('b').optional(), /after a greedy one.*pattern="b"/);
  });

  it('refuses numbers of times that have no meaning', () => {
    refuses(() => begin('a').times(0), /from 1, got 0/);
    refuses(() => begin('a').times(1.5), /whole number/);
    refuses(() => begin('a').times(3, 2), /got 3 and 2/);
    refuses(() => begin('a').timesOrMore(0), /from 1, got 0/);
    refuses(() => begin('a').times(0, 0), /got 0/);
  });

  it('refuses a window time of times that is none, or is of a group', () => {
    throws(() => begin('a').times(2, '0 s'), { code: 'INVALID_ARGUMENT' });
    throws(() => begin('a').oneOrMore('soon'), { code: 'MALFORMED_DURATION' });
    refuses(() => Pattern.begin(begin('a')).times(2, '5 s'), /a group has none/);
  });

  it('refuses to hear twice how often it occurs', () => {
    refuses(() => begin('a').oneOrMore().times(2), /said already/);
    refuses(() => begin('a').optional().optional(), /optional already/);
  });

  it('refuses quantifiers of negated patterns', () => {
    const negated = () => begin('a').notNext('b');
    refuses(() => negated().optional(), /no meaning/);
    refuses(() => negated().oneOrMore(), /no meaning/);
    refuses(() => negated().greedy(), /no meaning/);
  });

  it('refuses greedy where nothing occurs several times, on groups and with combinations', () => {
    refuses(() => begin('a').greedy(), /needs oneOrMore/);
    refuses(() => Pattern.begin(begin('a')).oneOrMore().greedy(), /group cannot be greedy/);
    refuses(() => begin('a').oneOrMore().allowCombinations().greedy(), /not both/);
    refuses(() => begin('a').oneOrMore().greedy().allowCombinations(), /not both/);
  });

  it('refuses until where nothing loops, and a second one', () => {
    refuses(() => begin('a').until(is('x')), /ends a loop/);
    refuses(() => begin('a').times(2).until(is('x')), /ends a loop/);
    refuses(() => begin('a').oneOrMore().until(is('x')).until(is('y')), /once/);
  });

  it('refuses consecutive and allowCombinations together, and where nothing repeats', () => {
    refuses(() => begin('a').consecutive(), /needs oneOrMore/);
    refuses(() => begin('a').oneOrMore().consecutive().allowCombinations(), /once/);
  });

  it('refuses conditions of a group, and groups that begin or end in nothing', () => {
    refuses(() => Pattern.begin(begin('a')).where(is('a')), /group has no where/);
    refuses(() => Pattern.begin(begin('a').optional()), /first pattern of a group/);
    refuses(() => Pattern.begin(begin('a').notFollowedBy('b')), /cannot end in/);
  });

  it('refuses a time of one gap that is longer than that of all', () => {
    const pattern = begin('a').next('b').within(20, 'PREVIOUS_AND_CURRENT').next('c').within(10);
    refuses(() => compilePattern(pattern), /10 ms: shorten it: pattern="b"/);
    throws(() => begin('a').within(0), { code: 'INVALID_ARGUMENT' });
  });

  it('refuses to skip to a pattern that is not there', () => {
    const pattern = begin('a', AfterMatchSkipStrategy.skipToLast('z'));
    refuses(() => compilePattern(pattern), /skip strategy.*pattern="z"/);
    refuses(() => AfterMatchSkipStrategy.noSkip().throwExceptionOnMiss(), /skipToFirst/);
  });

  it('refuses a condition that is no function', () => {
    const wrong = 'a' as unknown as () => boolean;
    throws(() => begin('a').where(wrong), { code: 'INVALID_FUNCTION' });
  });

  it('compiles to the same places each time', () => {
    const make = () => [
      ...compilePattern(begin('a').times(1, 3).next('b').optional()).states.keys(),
    ];
    equal(make().join(), make().join());
    equal(new Set(make()).size, make().length);
  });
});
