/**
 * Whether what is stored under a state's name fits what is declared now, and how its values are
 * brought into today's shape.
 */
import type { FieldType, RowField } from '../core/index.ts';
import type { KeyedStateMetaRecord } from '../protocol/index.ts';
import type { StateKind, StateOptions } from './descriptors.ts';

/** A state as a job declares it now. */
export interface DeclaredStateMeta extends KeyedStateMetaRecord {
  /** A function that takes values of other versions is declared. */
  readonly migrates?: boolean;
}

/** `migrate`: compatible by way of the declared migration. */
export type StateMetaComparison = 'compatible' | 'migrate' | { readonly incompatible: string };

/** Names, kinds, versions and types decide; how long values live may change freely. */
export function compareStateMeta(
  stored: KeyedStateMetaRecord,
  declared: DeclaredStateMeta,
): StateMetaComparison {
  if (stored.kind !== declared.kind) {
    return { incompatible: `its kind changed: stored=${stored.kind} declared=${declared.kind}` };
  }
  if (stored.version !== declared.version) {
    if (declared.migrates === true) return 'migrate';
    const versions = `stored=${stored.version} declared=${declared.version}`;
    return { incompatible: `its version changed without a migration: ${versions}` };
  }
  const { defaultKind } = stored;
  if (defaultKind !== undefined && defaultKind !== (declared.defaultKind ?? defaultKind)) {
    const kinds = `stored=${defaultKind} declared=${declared.defaultKind}`;
    return { incompatible: `its default is of another kind: ${kinds}` };
  }
  if (stored.type === undefined || declared.type === undefined) return 'compatible';
  // Both are what a descriptor declared, the stored one read back from JSON.
  const change = typeChange(stored.type as FieldType, declared.type as FieldType, '');
  return change === undefined ? 'compatible' : { incompatible: change };
}

/** What a descriptor says of its state, as far as snapshots tell. */
export function stateMetaOf(
  kind: StateKind,
  descriptor: {
    readonly name: string;
    readonly options: StateOptions<unknown>;
    readonly defaultValue?: unknown;
  },
): DeclaredStateMeta {
  const { defaultValue } = descriptor;
  const { type, ttl, version = 1, migrate, queryable } = descriptor.options;
  return {
    name: descriptor.name,
    kind,
    version,
    ...(type === undefined ? {} : { type: fieldTypeOf(type) }),
    ...(defaultValue === undefined || defaultValue === null
      ? {}
      : { defaultKind: Array.isArray(defaultValue) ? 'array' : typeof defaultValue }),
    ...(ttl === undefined ? {} : { ttlMs: ttl.ttlMs }),
    ...(queryable === undefined || queryable === false
      ? {}
      : { queryable: queryable === true ? descriptor.name : queryable }),
    migrates: migrate !== undefined,
  };
}

/** The record of a declared state: what is persisted of it. */
export function metaRecordOf({ migrates: _, ...record }: DeclaredStateMeta): KeyedStateMetaRecord {
  return record;
}

/**
 * Brings a stored value into the declared shape: migrated, or with the fields dropped that the
 * declared rows no longer have. Undefined when values are good as they are.
 */
export function valueAdapter(
  stored: KeyedStateMetaRecord,
  declared: DeclaredStateMeta,
  migrate: StateOptions<unknown>['migrate'],
): ((value: unknown) => unknown) | undefined {
  if (stored.version !== declared.version) {
    return migrate && ((value) => migrate(value, stored.version));
  }
  const { type } = declared;
  if (stored.type === undefined || type === undefined || sameJson(stored.type, type)) {
    return undefined;
  }
  return (value) => withDeclaredFields(type as FieldType, value);
}

/** Snapshots of one are snapshots of the other: a delta may follow what the other wrote. */
export function sameStoredShape(stored: KeyedStateMetaRecord, now: KeyedStateMetaRecord): boolean {
  return (
    stored.version === now.version &&
    (stored.ttlMs === undefined) === (now.ttlMs === undefined) &&
    sameJson(stored.type, now.type)
  );
}

function fieldTypeOf(type: NonNullable<StateOptions<unknown>['type']>): FieldType {
  return 'kind' in type ? type : type.type;
}

/** Undefined when only fields of rows came and went. */
function typeChange(stored: FieldType, declared: FieldType, path: string): string | undefined {
  if (stored.kind === 'nullable' && declared.kind === 'nullable') {
    return typeChange(stored.inner, declared.inner, path);
  }
  if (stored.kind === 'array' && declared.kind === 'array') {
    return typeChange(stored.element, declared.element, `${path}[]`);
  }
  if (stored.kind === 'row' && declared.kind === 'row') {
    for (const { name, type } of stored.fields) {
      const now = declared.fields.find((field) => field.name === name);
      const at = path === '' ? name : `${path}.${name}`;
      const change = now && typeChange(type, now.type, at);
      if (change !== undefined) return change;
    }
    return undefined;
  }
  if (stored.kind === declared.kind) return undefined;
  const where = path === '' ? 'its type' : `the type of its field ${path}`;
  return `${where} changed: stored=${typeText(stored)} declared=${typeText(declared)}`;
}

function typeText(type: FieldType): string {
  if (type.kind === 'nullable') return `nullable(${typeText(type.inner)})`;
  if (type.kind === 'array') return `array(${typeText(type.element)})`;
  return type.kind;
}

function withDeclaredFields(type: FieldType, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (type.kind === 'nullable') return withDeclaredFields(type.inner, value);
  if (type.kind === 'array' && Array.isArray(value)) {
    return value.map((element) => withDeclaredFields(type.element, element));
  }
  return type.kind === 'row' ? rowOf(type.fields, value) : value;
}

function rowOf(fields: readonly RowField[], stored: object): object {
  const row: Record<string, unknown> = {};
  for (const { name, type } of fields) {
    if (!Object.hasOwn(stored, name)) continue;
    const value = withDeclaredFields(type, Reflect.get(stored, name));
    // Not an assignment: a field may be called `__proto__`.
    Object.defineProperty(row, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return row;
}

/** Field types are built alike by the same declaration. */
function sameJson(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
