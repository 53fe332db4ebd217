/** What becomes of each operator's state when a job starts from a savepoint. Pure. */
import {
  assignmentErrors,
  type CheckpointManifest,
  type ManifestOperator,
} from '../../checkpoint/index.ts';
import { StreamError, type StreamErrorRecord } from '../../core/index.ts';
import type { JobGraph } from '../../graph/index.ts';
import type {
  KeyedStateMetaRecord,
  OperatorStateMode,
  OperatorStateRecord,
} from '../../protocol/index.ts';
import { compareStateMeta } from '../../state/index.ts';
import type { ProbedOperator } from './probe-states.ts';

/**
 * - `restored`: the job goes on with it.
 * - `carried`: of an operator the job has, which does not declare this state when it opens; later
 *   snapshots hold it as it is.
 * - `dropped`: the job has no such operator. Refused unless non-restored state is allowed.
 * - `missing`: the job declares it, the savepoint has none; it begins empty.
 * - `incompatible`: what is stored cannot be what is declared. The job does not start.
 */
export type StateFate = 'restored' | 'carried' | 'dropped' | 'missing' | 'incompatible';

export interface StateReport {
  readonly name: string;
  /** `value`, `map`, …, `list`, `union list`, `broadcast`, `source`. */
  readonly kind: string;
  readonly fate: StateFate;
  /** Of an incompatible state, and of one that is migrated. */
  readonly reason?: string;
}

export interface OperatorReport {
  readonly operatorId: string;
  readonly uid?: string;
  readonly name: string;
  /** The worst of its states; `missing` only when all of them are. */
  readonly fate: StateFate;
  readonly states: readonly StateReport[];
  /** Why its declarations are not known. */
  readonly unknown?: string;
}

export interface SavepointReport {
  readonly operators: readonly OperatorReport[];
  /** Why the job cannot start from it; empty: it can. */
  readonly problems: readonly StreamErrorRecord[];
}

interface StoredStates {
  readonly operator: ManifestOperator;
  readonly keyed: readonly KeyedStateMetaRecord[];
  readonly lists: readonly OperatorStateRecord[];
  readonly hasEnumerator: boolean;
}

const FATES: readonly StateFate[] = ['restored', 'carried', 'missing', 'dropped', 'incompatible'];
const MODE_TEXTS: Readonly<Record<OperatorStateMode, string>> = {
  SPLIT_DISTRIBUTE: 'list',
  UNION: 'union list',
  BROADCAST: 'broadcast',
};

/** @param probed what the job's operators declare, by operator id. */
export function savepointCompatibility(
  manifest: CheckpointManifest,
  jobGraph: JobGraph,
  probed: ReadonlyMap<string, ProbedOperator>,
  options: { readonly allowNonRestoredState: boolean },
): SavepointReport {
  const stored = storedStates(manifest);
  const operators = jobGraph.vertices.flatMap((vertex) => vertex.operators);
  const known = new Set(operators.map(({ operatorId }) => operatorId));
  const taken = operators.flatMap((operator) => {
    const { operatorId } = operator;
    return reportOf(operator, stored.get(operatorId), probed.get(operatorId));
  });
  const dropped = [...stored.values()].flatMap((states) =>
    known.has(states.operator.operatorId) ? [] : droppedReport(states),
  );
  const refused = taken.filter(({ fate }) => fate === 'incompatible').map(incompatible);
  const problems = [...assignmentErrors(manifest, jobGraph, options), ...refused];
  return {
    operators: [...taken, ...dropped],
    problems: problems.map((error) => error.toJSON()),
  };
}

/** States that hold something, or are declared, by operator. */
function storedStates(manifest: CheckpointManifest): ReadonlyMap<string, StoredStates> {
  const stored = new Map<string, StoredStates>();
  for (const { operators, subtasks } of manifest.vertices) {
    for (const operator of operators) {
      const shares = subtasks.flatMap((subtask) =>
        subtask.operators.filter(({ operatorId }) => operatorId === operator.operatorId),
      );
      const keyed = shares.filter(({ keyedSegments }) => keyedSegments.length > 0);
      stored.set(operator.operatorId, {
        operator,
        keyed: distinct(keyed.flatMap(({ keyedStates }) => keyedStates)),
        lists: distinct(
          shares.flatMap(({ operatorStates }) => operatorStates.filter((s) => s.itemCount > 0)),
        ),
        hasEnumerator: manifest.sources.some(
          ({ operatorId }) => operatorId === operator.operatorId,
        ),
      });
    }
  }
  return stored;
}

function reportOf(
  operator: ManifestOperator,
  stored: StoredStates | undefined,
  probed: ProbedOperator | undefined,
): readonly OperatorReport[] {
  const states = [
    ...(stored?.keyed ?? []).map((meta) => keyedFate(meta, probed)),
    ...(stored?.lists ?? []).map((list) => listFate(list, probed)),
    ...(stored?.hasEnumerator === true ? [ENUMERATOR] : []),
    ...missingStates(stored, probed),
  ];
  if (states.length === 0) return [];
  const { unknown } = probed ?? {};
  return [{ ...report(operator, states), ...(unknown === undefined ? {} : { unknown }) }];
}

const ENUMERATOR: StateReport = { name: 'enumerator', kind: 'source', fate: 'restored' };

function droppedReport(stored: StoredStates): readonly OperatorReport[] {
  const { operator, keyed, lists, hasEnumerator } = stored;
  const states = [
    ...keyed.map(({ name, kind }) => ({ name, kind })),
    ...lists.map(({ name, mode }) => ({ name, kind: MODE_TEXTS[mode] })),
    ...(hasEnumerator ? [{ name: ENUMERATOR.name, kind: ENUMERATOR.kind }] : []),
  ].map((state): StateReport => ({ ...state, fate: 'dropped' }));
  return states.length === 0 ? [] : [report(operator, states)];
}

function report(
  { operatorId, uid, name }: ManifestOperator,
  states: readonly StateReport[],
): OperatorReport {
  // What is new beside state that is there makes the operator no new one.
  const stored = states.filter(({ fate }) => fate !== 'missing');
  const ranks = (stored.length === 0 ? states : stored).map(({ fate }) => FATES.indexOf(fate));
  const fate = FATES[Math.max(...ranks)] ?? 'restored';
  return { operatorId, ...(uid === undefined ? {} : { uid }), name, fate, states };
}

function keyedFate(stored: KeyedStateMetaRecord, probed: ProbedOperator | undefined): StateReport {
  const { name, kind } = stored;
  const declared = probed?.keyed.find((meta) => meta.name === name);
  if (declared === undefined) return { name, kind, fate: undeclared(probed) };
  const compared = compareStateMeta(stored, declared);
  if (compared === 'compatible') return { name, kind, fate: 'restored' };
  if (compared === 'migrate') {
    const reason = `migrated from version ${stored.version} to ${declared.version}`;
    return { name, kind, fate: 'restored', reason };
  }
  return { name, kind, fate: 'incompatible', reason: compared.incompatible };
}

function listFate(stored: OperatorStateRecord, probed: ProbedOperator | undefined): StateReport {
  const { name, mode } = stored;
  const kind = MODE_TEXTS[mode];
  const declared = probed?.lists.find((list) => list.name === name);
  if (declared === undefined) return { name, kind, fate: undeclared(probed) };
  if (declared.mode === mode) return { name, kind, fate: 'restored' };
  const reason = `its kind changed: stored=${kind} declared=${MODE_TEXTS[declared.mode]}`;
  return { name, kind, fate: 'incompatible', reason };
}

/** Sources and sinks take what is theirs; others say what they want when they open. */
function undeclared(probed: ProbedOperator | undefined): StateFate {
  return probed === undefined || probed.unknown !== undefined ? 'restored' : 'carried';
}

function missingStates(
  stored: StoredStates | undefined,
  probed: ProbedOperator | undefined,
): readonly StateReport[] {
  const names = new Set([...(stored?.keyed ?? []), ...(stored?.lists ?? [])].map((s) => s.name));
  const declared = [
    ...(probed?.keyed ?? []).map(({ name, kind }) => ({ name, kind })),
    ...(probed?.lists ?? []).map(({ name, mode }) => ({ name, kind: MODE_TEXTS[mode] })),
  ];
  return declared
    .filter(({ name }) => !names.has(name))
    .map((state) => ({ ...state, fate: 'missing' }));
}

function incompatible({ name, uid, states }: OperatorReport): StreamError {
  const reasons = states
    .filter(({ fate }) => fate === 'incompatible')
    .map((state) => `state "${state.name}": ${state.reason ?? ''}`)
    .join('; ');
  const operator = uid === undefined ? `"${name}"` : `"${name}" (uid ${uid})`;
  return new StreamError({
    kind: 'invalid',
    code: 'STATE_INCOMPATIBLE',
    message:
      'stored state does not fit its descriptor, declare another version with a migrate ' +
      `function, or give the operator another uid to start without it: operator=${operator} ${reasons}`,
    details: { operator: name },
  });
}

function distinct<T extends { readonly name: string }>(states: readonly T[]): readonly T[] {
  return [...new Map(states.map((state) => [state.name, state])).values()];
}
