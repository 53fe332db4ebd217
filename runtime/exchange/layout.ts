/**
 * Layouts: what a codec is generated from. Every {@link FieldType} is one; inference adds
 * tuples and `nothing` (no value seen yet: an empty array's element, a field that was always null).
 * `nullable` covers null, undefined and, in rows and arrays, absence; they stay apart.
 *
 * I1  `mergeLayouts(a, layoutOfValue(v))` carries v and everything that `a` carries.
 * I2  A row layout fixes the order of its fields; a value in another order does not fit it.
 */
import { type FieldType, StreamError } from '../core/index.ts';
import { isByteContainer, MAX_VALUE_DEPTH } from './value-codec.ts';

/** See the header. */
export type Layout =
  | { readonly kind: 'int' }
  | { readonly kind: 'long' }
  | { readonly kind: 'double' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'string' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'date' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'any' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'nullable'; readonly inner: Layout }
  | { readonly kind: 'array'; readonly element: Layout }
  | { readonly kind: 'tuple'; readonly elements: readonly Layout[] }
  | { readonly kind: 'row'; readonly fields: readonly LayoutField[] };

/** A field of a row; a missing one is a nullable's business. */
export interface LayoutField {
  readonly name: string;
  readonly type: Layout;
}

/** Values that describe themselves. */
export const ANY: Layout = { kind: 'any' };
const NOTHING: Layout = { kind: 'nothing' };
const MAX_ROW_FIELDS = 64;
const MAX_ROW_DEPTH = 8;
const MAX_TUPLE_LENGTH = 8;

/** The layout of a declared type. Rows that code cannot be generated for become `any`. */
export function layoutOfType(type: FieldType): Layout {
  switch (type.kind) {
    case 'nullable':
      return { kind: 'nullable', inner: layoutOfType(type.inner) };
    case 'array':
      return { kind: 'array', element: layoutOfType(type.element) };
    case 'row': {
      const fields = type.fields.map(({ name, type }) => ({ name, type: layoutOfType(type) }));
      return rowLayout(fields);
    }
    default:
      return type;
  }
}

/** Names that every object has are looked up in vain: such rows go through `any`. */
function rowLayout(fields: readonly LayoutField[]): Layout {
  const generated =
    fields.length <= MAX_ROW_FIELDS && fields.every(({ name }) => !(name in Object.prototype));
  return generated ? { kind: 'row', fields } : ANY;
}

/**
 * The narrowest layout of one value.
 *
 * @throws {StreamError} kind `user`, code `VALUE_NOT_ENCODABLE`, naming the field, for functions,
 * symbols, class instances and cycles.
 */
export function layoutOfValue(value: unknown, path = '', depth = 0): Layout {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return { kind: typeof value } as Layout;
    case 'number':
      return { kind: 'double' };
    case 'undefined':
      return { kind: 'nullable', inner: NOTHING };
    case 'object':
      if (value === null) return { kind: 'nullable', inner: NOTHING };
      return layoutOfObject(value, path, depth);
    default:
      throw notEncodable(`a ${typeof value}`, path);
  }
}

function layoutOfObject(value: object, path: string, depth: number): Layout {
  if (depth >= MAX_VALUE_DEPTH) {
    throw notEncodable(`a cycle or more than ${MAX_VALUE_DEPTH} levels`, path);
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return { kind: 'date' };
  if (prototype === Uint8Array.prototype) return { kind: 'bytes' };
  if (prototype === Array.prototype && Array.isArray(value)) {
    return layoutOfArray(value, path, depth);
  }
  if (prototype === Object.prototype || prototype === null) {
    const fields = Object.entries(value).map(([name, field]) => ({
      name,
      type: layoutOfValue(field, fieldPath(path, name), depth + 1),
    }));
    if (Object.getOwnPropertySymbols(value).length > 0) {
      throw notEncodable('a field whose name is a symbol', path);
    }
    return depth < MAX_ROW_DEPTH && prototype !== null ? rowLayout(fields) : ANY;
  }
  if (prototype === Map.prototype && value instanceof Map) {
    for (const [key, element] of value) {
      layoutOfValue(key, `${path}.keys()`, depth + 1);
      layoutOfValue(element, `${path}.values()`, depth + 1);
    }
    return ANY;
  }
  if (prototype === Set.prototype && value instanceof Set) {
    for (const element of value) layoutOfValue(element, `${path}.values()`, depth + 1);
    return ANY;
  }
  if (isByteContainer(prototype)) return ANY;
  throw notEncodable(`an instance of ${value.constructor?.name || 'a class'}`, path);
}

function layoutOfArray(value: readonly unknown[], path: string, depth: number): Layout {
  const elements: Layout[] = [];
  let merged = NOTHING;
  for (let i = 0; i < value.length; i++) {
    const element = layoutOfValue(value[i], `${path}[${i}]`, depth + 1);
    merged = mergeLayouts(merged, element);
    if (i <= MAX_TUPLE_LENGTH) elements.push(element);
  }
  if (depth >= MAX_ROW_DEPTH) return ANY;
  const mixed = merged.kind === 'any' && elements.some(({ kind }) => kind !== 'any');
  if (mixed && value.length <= MAX_TUPLE_LENGTH) return { kind: 'tuple', elements };
  return { kind: 'array', element: merged };
}

/** A layout for what either carries; the order of fields is that of `seen` where they differ. */
export function mergeLayouts(known: Layout, seen: Layout): Layout {
  if (known.kind === 'nothing') return seen;
  if (seen.kind === 'nothing') return known;
  if (known.kind === 'nullable' || seen.kind === 'nullable') {
    return nullable(mergeLayouts(withoutNull(known), withoutNull(seen)));
  }
  if (known.kind === 'row' && seen.kind === 'row') return mergeRows(known.fields, seen.fields);
  if (known.kind === 'array' || known.kind === 'tuple') return mergeArrays(known, seen);
  // Inference sees doubles only; int and long were declared, and the value was checked.
  if (seen.kind === 'double' && (known.kind === 'int' || known.kind === 'long')) return known;
  return known.kind === seen.kind ? known : ANY;
}

function nullable(type: Layout): Layout {
  return type.kind === 'nullable' ? type : { kind: 'nullable', inner: type };
}

function withoutNull(type: Layout): Layout {
  return type.kind === 'nullable' ? type.inner : type;
}

function mergeArrays(known: Layout & { kind: 'array' | 'tuple' }, seen: Layout): Layout {
  if (seen.kind !== 'array' && seen.kind !== 'tuple') return ANY;
  if (known.kind === 'tuple' && seen.kind === 'tuple') {
    const { elements } = seen;
    if (elements.length === known.elements.length) {
      const merged = known.elements.map((one, i) => mergeLayouts(one, elements[i] ?? NOTHING));
      return { kind: 'tuple', elements: merged };
    }
  }
  const all = [...elementsOf(known), ...elementsOf(seen)];
  return { kind: 'array', element: all.reduce(mergeLayouts, NOTHING) };
}

function elementsOf(layout: Layout & { kind: 'array' | 'tuple' }): readonly Layout[] {
  return layout.kind === 'array' ? [layout.element] : layout.elements;
}

function mergeRows(known: readonly LayoutField[], seen: readonly LayoutField[]): Layout {
  const seenTypes = new Map(seen.map(({ name, type }) => [name, type]));
  const indexes = new Map(known.map(({ name }, index) => [name, index]));
  const merged: LayoutField[] = [];
  let next = 0;
  const takeKnown = (end: number) => {
    for (; next < end; next++) {
      const field = known[next];
      if (field !== undefined && !seenTypes.has(field.name)) {
        merged.push({ name: field.name, type: nullable(field.type) });
      }
    }
  };
  for (const { name, type } of seen) {
    const index = indexes.get(name);
    if (index === undefined) {
      merged.push({ name, type: nullable(type) });
    } else {
      takeKnown(index);
      merged.push({ name, type: mergeLayouts(known[index]?.type ?? NOTHING, type) });
    }
  }
  takeKnown(known.length);
  return rowLayout(merged);
}

/** True when a codec of this layout refuses every value that is not of the type. */
export function isAsStrictAs(layout: Layout, type: FieldType): boolean {
  if (type.kind === 'any') return true;
  if (type.kind === 'nullable') return isAsStrictAs(withoutNull(layout), type.inner);
  if (type.kind === 'array') {
    return layout.kind === 'array' && isAsStrictAs(layout.element, type.element);
  }
  if (type.kind !== 'row') return layout.kind === type.kind;
  if (layout.kind !== 'row' || layout.fields.length !== type.fields.length) return false;
  const types = new Map(type.fields.map((field) => [field.name, field.type]));
  return layout.fields.every((field) => {
    const fieldType = types.get(field.name);
    return fieldType !== undefined && isAsStrictAs(field.type, fieldType);
  });
}

/** `a.b[2]`; the empty path is the record itself. */
export function fieldPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** How a message calls the place. */
export function placeOf(path: string): string {
  return path === '' ? 'the record' : `field ${path}`;
}

function notEncodable(what: string, path: string): StreamError {
  return new StreamError({
    kind: 'user',
    code: 'VALUE_NOT_ENCODABLE',
    message: `${placeOf(path)} is ${what}, which cannot be sent to another subtask: send plain objects, arrays, Date, Map, Set, typed arrays or primitives, and leave it out or convert it first`,
    details: { path, found: what },
  });
}
