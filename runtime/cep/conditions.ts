/**
 * Conditions as a value: what users wrote, and how the compiler combined it. Evaluating is total
 * but for what a user's function throws.
 */
import type { RichFunction } from '../operators/index.ts';

/** What a condition may ask of the partial match it decides about. */
export interface IterativeContext<T> {
  /** The events this partial match holds for a pattern, in order; empty where it holds none. */
  getEventsForPattern(name: string): readonly T[];
  /** Of the event, in ms: event time, or processing time where patterns are matched in it. */
  readonly timestamp: number;
  /** Milliseconds since 1970. */
  currentProcessingTime(): number;
}

/** May have `open` and `close`; it has no keyed state, as in Flink. */
export interface IterativeCondition<F, T = F> extends Pick<RichFunction, 'open' | 'close'> {
  filter(value: F, ctx: IterativeContext<T>): boolean;
}

/** A function, or an object with a method `filter`, as Flink's `IterativeCondition`. */
export type ConditionLike<F, T = F> =
  | ((value: F, ctx: IterativeContext<T>) => boolean)
  | IterativeCondition<F, T>;

export type Condition<T> =
  | {
      readonly kind: 'user';
      readonly patternName: string;
      readonly test: UserTest<T>;
      /** The object that is opened before the first event; undefined: a mere function. */
      readonly rich: Pick<RichFunction, 'open' | 'close'> | undefined;
    }
  | { readonly kind: 'and' | 'or'; readonly left: Condition<T>; readonly right: Condition<T> }
  | { readonly kind: 'not'; readonly of: Condition<T> }
  /** Less has passed since the event before. */
  | { readonly kind: 'sooner'; readonly thanMs: number }
  | { readonly kind: 'true' }
  | { readonly kind: 'false' };

export type UserTest<T> = (value: T, ctx: IterativeContext<T>) => boolean;

export const ALWAYS = { kind: 'true' } as const;
const NEVER = { kind: 'false' } as const;

export function and<T>(left: Condition<T>, right: Condition<T>): Condition<T> {
  if (left.kind === 'true') return right;
  if (right.kind === 'true') return left;
  return { kind: 'and', left, right };
}

export function or<T>(left: Condition<T>, right: Condition<T>): Condition<T> {
  return { kind: 'or', left, right };
}

export function not<T>(of: Condition<T>): Condition<T> {
  if (of.kind === 'true') return NEVER;
  return of.kind === 'false' ? ALWAYS : { kind: 'not', of };
}

export type ConditionLeaf<T> = Extract<Condition<T>, { kind: 'user' | 'sooner' }>;

/** @param ask answers for the leaves: what users wrote, and the time. */
export function holds<T>(
  condition: Condition<T>,
  ask: (leaf: ConditionLeaf<T>) => boolean,
): boolean {
  switch (condition.kind) {
    case 'user':
    case 'sooner':
      return ask(condition);
    case 'and':
      return holds(condition.left, ask) && holds(condition.right, ask);
    case 'or':
      return holds(condition.left, ask) || holds(condition.right, ask);
    case 'not':
      return !holds(condition.of, ask);
    default:
      return condition.kind === 'true';
  }
}

/** What users wrote in a condition. */
export function userLeaves<T>(
  condition: Condition<T>,
): readonly Extract<Condition<T>, { kind: 'user' }>[] {
  switch (condition.kind) {
    case 'user':
      return [condition];
    case 'and':
    case 'or':
      return [...userLeaves(condition.left), ...userLeaves(condition.right)];
    case 'not':
      return userLeaves(condition.of);
    default:
      return [];
  }
}
