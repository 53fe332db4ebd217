/**
 * What is wrong with a definition, as far as its structure tells. Emulators start machines that the
 * service refuses, so this is what stands between a typing error and a deployment.
 *
 * Checks: targets exist; every state can be reached, and an end can be reached from it; fields fit
 * the state's type; tasks have a time-out; functions' failures are caught; expressions are closed,
 * and read only variables that are assigned, and fields of `$states` that there are.
 */
import type { State, StateMachineDefinition, States } from './state-machine.ts';

/** The service's limit of a definition. */
const MAX_DEFINITION_BYTES = 1_048_576;

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  Pass: ['Assign', 'Output', 'Next', 'End'],
  Task: [
    ...['Resource', 'Arguments', 'TimeoutSeconds', 'Retry', 'Catch'],
    ...['Assign', 'Output', 'Next', 'End'],
  ],
  Choice: ['Choices', 'Default', 'Assign', 'Output'],
  Succeed: ['Output'],
  Fail: ['Error', 'Cause'],
  Map: [
    ...['Items', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency', 'Retry', 'Catch'],
    ...['Assign', 'Output', 'Next', 'End'],
  ],
};
const ENDS_BY_ITSELF = new Set(['Succeed', 'Fail', 'Choice']);
/** Where the parts of `$states` have a value; `context` and `input` always do. */
const STATES_FIELDS = new Set(['input', 'context', 'result', 'errorOutput']);

interface Scope {
  readonly machine: States;
  readonly path: string;
  /** Names of variables that may be read here. */
  readonly variables: ReadonlySet<string>;
}

/** One text a fault; none for a definition that can be deployed. */
export function definitionFaults(definition: StateMachineDefinition): readonly string[] {
  const sizeBytes = Buffer.byteLength(JSON.stringify(definition));
  const tooLarge = sizeBytes > MAX_DEFINITION_BYTES ? [`too large: sizeBytes=${sizeBytes}`] : [];
  return [...tooLarge, ...machineFaults(definition, '', new Set())];
}

function machineFaults(machine: States, path: string, outer: ReadonlySet<string>): string[] {
  const assigned = Object.values(machine.States).flatMap((state) => assignedBy(state));
  const scope = { machine, path, variables: new Set([...outer, ...assigned]) };
  const faults = Object.entries(machine.States).flatMap(([name, state]) =>
    [
      ...fieldFaults(state),
      ...targetFaults(scope, state),
      ...timeoutFaults(state),
      ...catchFaults(state),
      ...expressionFaults(scope, state),
      ...assignFaults(state),
      ...childFaults(scope, name, state),
    ].map((fault) => (fault.startsWith('/') ? fault : `${path}/${name}: ${fault}`)),
  );
  return [...faults, ...reachFaults(scope)];
}

function fieldFaults(state: State): string[] {
  const known = FIELDS[state.Type];
  if (known === undefined) return [`no such type: ${state.Type}`];
  const unknown = Object.keys(state).filter((key) => key !== 'Type' && !known.includes(key));
  const ways = ['Next', 'End'].filter((key) => key in state).length;
  return [
    ...unknown.map((key) => `a ${state.Type} has no field ${key}`),
    ...(ENDS_BY_ITSELF.has(state.Type) || ways === 1 ? [] : ['needs either Next or End']),
  ];
}

function targetFaults({ machine }: Scope, state: State): string[] {
  const missing = targetsOf(state).filter((target) => !(target in machine.States));
  const hasDefault = state.Type !== 'Choice' || 'Default' in state;
  return [
    ...missing.map((target) => `leads to a state that is not there: ${target}`),
    ...(hasDefault ? [] : ['a Choice without Default fails for what nobody thought of']),
  ];
}

function timeoutFaults(state: State): string[] {
  if (state.Type !== 'Task') return [];
  const seconds = state.TimeoutSeconds;
  const isFine = typeof seconds === 'number' && Number.isInteger(seconds) && seconds > 0;
  return isFine ? [] : ['a Task needs TimeoutSeconds: without, it waits for 99,999,999 seconds'];
}

/** What a function throws must not end an execution unseen. */
function catchFaults(state: State): string[] {
  const rules = errorRules(state);
  const isInvoke = String(state.Resource).endsWith(':lambda:invoke');
  const catchesAll = rulesOf(state, 'Catch').some((rule) => names(rule).includes('States.ALL'));
  const late = rules.filter((rule) => names(rule).includes('States.ALL') && names(rule).length > 1);
  return [
    ...(isInvoke && !catchesAll ? ['an invocation without a Catch of States.ALL'] : []),
    ...(late.length > 0 ? ['States.ALL stands alone in ErrorEquals'] : []),
    ...rulesOf(state, 'Retry').flatMap(({ IntervalSeconds, MaxDelaySeconds }) =>
      Number(MaxDelaySeconds) > Number(IntervalSeconds)
        ? []
        : ['MaxDelaySeconds has to be more than IntervalSeconds'],
    ),
    ...(['Retry', 'Catch'] as const).flatMap((kind) => {
      const all = rulesOf(state, kind).findIndex((rule) => names(rule).includes('States.ALL'));
      const isLast = all < 0 || all === rulesOf(state, kind).length - 1;
      return isLast ? [] : [`States.ALL is the last rule of ${kind}`];
    }),
  ];
}

function expressionFaults({ variables }: Scope, state: State): string[] {
  const { ItemProcessor: _, ...own } = state;
  return expressionsIn(own).flatMap((text) => {
    const read = [...text.matchAll(/\$([a-zA-Z]\w*)(?!\w|\()/g)].map(([, name = '']) => name);
    const unknown = read.filter((name) => name !== 'states' && !variables.has(name));
    const fields = [...text.matchAll(/\$states\.(\w+)/g)].map(([, name = '']) => name);
    return [
      ...(isBalanced(text) ? [] : [`not closed: ${text}`]),
      ...unknown.map((name) => `reads a variable that nobody assigns: $${name}`),
      ...fields.filter((name) => !STATES_FIELDS.has(name)).map((name) => `no $states.${name}`),
    ];
  });
}

/** The service assigns all at once, emulators one by one: a value may read only its own name. */
function assignFaults(state: State): string[] {
  return [state, ...rulesOf(state, 'Catch'), ...rulesOf(state, 'Choices')].flatMap((rule) => {
    const assign = (rule.Assign ?? {}) as Readonly<Record<string, unknown>>;
    return Object.entries(assign).flatMap(([name, value]) =>
      Object.keys(assign)
        .filter((other) => other !== name && new RegExp(`\\$${other}\\b`).test(String(value)))
        .map((other) => `assigns ${name} from ${other}, which the same Assign changes`),
    );
  });
}

function childFaults({ path, variables }: Scope, name: string, state: State): string[] {
  if (state.Type !== 'Map') return [];
  const processor = state.ItemProcessor as States & {
    readonly ProcessorConfig?: { readonly Mode?: string };
  };
  // A distributed Map's children are executions of their own.
  const outer = processor.ProcessorConfig?.Mode === 'INLINE' ? variables : new Set<string>();
  return machineFaults(processor, `${path}/${name}`, outer);
}

function reachFaults({ machine, path }: Scope): string[] {
  const forward = reached(machine, [machine.StartAt]);
  const ends = Object.entries(machine.States)
    .filter(([, state]) => state.End === true || ['Succeed', 'Fail'].includes(state.Type))
    .map(([name]) => name);
  const dead = Object.keys(machine.States).filter((name) => !forward.has(name));
  const stuck = Object.keys(machine.States).filter((name) => {
    const after = reached(machine, [name]);
    return !ends.some((end) => after.has(end));
  });
  return [
    ...(machine.StartAt in machine.States ? [] : [`${path}/: StartAt is not a state`]),
    ...dead.map((name) => `${path}/${name}: nothing leads to it`),
    ...stuck.map((name) => `${path}/${name}: it leads to no end`),
  ];
}

function reached({ States: states }: States, from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = [...from];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const state = states[name];
    if (seen.has(name) || state === undefined) continue;
    seen.add(name);
    waiting.push(...targetsOf(state));
  }
  return seen;
}

type Rule = Readonly<Record<string, unknown>>;

function targetsOf(state: State): string[] {
  const rules = [state, ...rulesOf(state, 'Catch'), ...rulesOf(state, 'Choices')];
  const targets = [...rules.map(({ Next }) => Next), state.Default];
  return targets.filter((target) => typeof target === 'string');
}

function rulesOf(state: State, kind: 'Retry' | 'Catch' | 'Choices'): readonly Rule[] {
  return (state[kind] ?? []) as readonly Rule[];
}

function errorRules(state: State): readonly Rule[] {
  return [...rulesOf(state, 'Retry'), ...rulesOf(state, 'Catch')];
}

function names(rule: Rule): readonly string[] {
  return (rule.ErrorEquals ?? []) as readonly string[];
}

function assignedBy(state: State): readonly string[] {
  const rules = [state, ...rulesOf(state, 'Catch'), ...rulesOf(state, 'Choices')];
  return rules.flatMap(({ Assign }) => Object.keys((Assign ?? {}) as object));
}

/** Texts in `{% … %}`, with what stands in quotation marks blanked. */
function expressionsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') {
    if (!value.startsWith('{%')) return [];
    return [value.replaceAll(/"[^"]*"/g, '""').replaceAll(/\/\^[^/]*\$\//g, '""')];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(expressionsIn);
}

function isBalanced(text: string): boolean {
  if (!text.endsWith('%}')) return false;
  const open: string[] = [];
  for (const char of text.slice(2, -2)) {
    if ('([{'.includes(char)) open.push(char);
    const at = ')]}'.indexOf(char);
    if (at >= 0 && open.pop() !== '([{'[at]) return false;
  }
  return open.length === 0 && [...text].filter((char) => char === '"').length % 2 === 0;
}
