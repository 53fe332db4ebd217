import type { AfterMatchSkipStrategy } from './after-match-skip-strategy.ts';
import { ALWAYS, type Condition } from './conditions.ts';

/**
 * TAKE: the event joins the partial match. IGNORE: it does not. PROCEED: the event is looked at
 * from the target as well.
 */
export type TransitionAction = 'TAKE' | 'IGNORE' | 'PROCEED';

/** START and PENDING wait for events too; the time that runs out over PENDING completes it. */
export type NfaStateKind = 'START' | 'NORMAL' | 'PENDING' | 'STOP' | 'FINAL';

export interface Transition<T> {
  readonly action: TransitionAction;
  readonly target: NfaState<T>;
  readonly condition: Condition<T>;
}

/** One place of the automaton. Only the compiler changes it. */
export class NfaState<T> {
  /** Unique, and the same whenever the same pattern is compiled: partial matches hold it. */
  readonly id: string;
  /** The pattern whose events it takes. */
  readonly patternName: string;
  kind: NfaStateKind;
  transitions: readonly Transition<T>[] = [];
  /** From the event before to the one it takes; undefined: any. */
  previousAndCurrentMs: number | undefined;
  /** It waits for nothing but the end of the time: that completes the match. */
  completesInTime = false;

  constructor(id: string, patternName: string, kind: NfaStateKind) {
    this.id = id;
    this.patternName = patternName;
    this.kind = kind;
  }

  add(action: TransitionAction, target: NfaState<T>, condition: Condition<T> = ALWAYS): void {
    this.transitions = [...this.transitions, { action, target, condition }];
  }
}

export interface CompiledPattern<T> {
  readonly start: NfaState<T>;
  readonly states: ReadonlyMap<string, NfaState<T>>;
  /** From the first event to the last; undefined: any. */
  readonly windowMs: number | undefined;
  readonly skipStrategy: AfterMatchSkipStrategy;
}
