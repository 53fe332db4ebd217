import { NfaState, type NfaStateKind } from './compiled-pattern.ts';
import { and, type Condition, not } from './conditions.ts';

/** The states of one automaton while it is made. */
export class CompiledStates<T> {
  readonly byId = new Map<string, NfaState<T>>();
  readonly #stops = new Map<string, NfaState<T>>();

  make(patternName: string, kind: NfaStateKind): NfaState<T> {
    let id = patternName;
    for (let number = 1; this.byId.has(id); number++) id = `${patternName}:${number}`;
    const state = new NfaState<T>(id, patternName, kind);
    this.byId.set(id, state);
    return state;
  }

  /** Where a run ends that met what it must not: one for each negated pattern. */
  stop(patternName: string): NfaState<T> {
    const stop = this.#stops.get(patternName) ?? this.make(patternName, 'STOP');
    this.#stops.set(patternName, stop);
    return stop;
  }

  /** A state with the same ways out of it. */
  copy(state: NfaState<T>): NfaState<T> {
    const copy = this.#twinOf(state);
    for (const { action, target, condition } of state.transitions) {
      copy.add(action, target === state ? copy : target, condition);
    }
    return copy;
  }

  /** The same way on from here, but these stops. */
  copyWithoutStops(state: NfaState<T>, patternNames: ReadonlySet<string>): NfaState<T> {
    if (state.kind === 'FINAL') return state;
    const copies = new Map<NfaState<T>, NfaState<T>>();
    const copyOf = (original: NfaState<T>): NfaState<T> => {
      const known = copies.get(original);
      if (known !== undefined) return known;
      if (!meets(original, patternNames)) return original;
      const copy = this.#twinOf(original);
      copies.set(original, copy);
      for (const { action, target, condition } of original.transitions) {
        if (target.kind === 'STOP' && patternNames.has(target.patternName)) continue;
        const staysOrProceeds = target === original || action !== 'TAKE';
        copy.add(action, staysOrProceeds ? copyOf(target) : target, condition);
      }
      return copy;
    };
    return copyOf(state);
  }

  /** What follows a greedy part does not look at events that the part takes. */
  makeWait(state: NfaState<T>, taken: Condition<T>): void {
    state.transitions = state.transitions.map((transition) => ({
      ...transition,
      condition: and(transition.condition, not(taken)),
    }));
  }

  /** Says of each state whether the end of the time completes a match that waits in it. */
  markCompletedInTime(): void {
    for (const state of this.byId.values()) {
      state.completesInTime = reachable(state, 'PROCEED').some(({ kind }) => kind === 'PENDING');
    }
  }

  #twinOf(state: NfaState<T>): NfaState<T> {
    const twin = this.make(state.patternName, state.kind);
    twin.previousAndCurrentMs = state.previousAndCurrentMs;
    return twin;
  }
}

function meets<T>(state: NfaState<T>, patternNames: ReadonlySet<string>): boolean {
  return reachable(state, 'PROCEED', 'IGNORE').some(
    ({ kind, patternName }) => kind === 'STOP' && patternNames.has(patternName),
  );
}

/** The state itself, and those to which these actions lead from it. */
function reachable<T>(state: NfaState<T>, ...actions: string[]): readonly NfaState<T>[] {
  const found = new Set([state]);
  for (const one of found) {
    for (const { action, target } of one.transitions) {
      if (actions.includes(action)) found.add(target);
    }
  }
  return [...found];
}
