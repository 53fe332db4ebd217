/**
 * Event patterns of EventBridge: which events wake a job. What is wrong with one is said here, by
 * its place, before the service says it of the whole.
 *
 * I1  A pattern that is passed may still be refused by the service, which knows more: a job that
 *     it is refused for stays awake.
 */

/** Fields of an event by the values that they may have: lists, at the ends of the tree. */
export interface EventPattern {
  readonly [field: string]: EventPattern | readonly unknown[];
}

/** The most that EventBridge takes. */
export const MAX_PATTERN_CHARS = 4_096;
const MATCHERS = new Set([
  'prefix',
  'suffix',
  'anything-but',
  'numeric',
  'exists',
  'cidr',
  'equals-ignore-case',
  'wildcard',
]);

/** What is wrong with a value that should be a pattern; undefined: nothing that is known here. */
export function eventPatternFault(pattern: unknown): string | undefined {
  return objectFault(pattern, '');
}

/** One that events match which match any of them. @param patterns at least one. */
export function anyOfPatterns(patterns: readonly EventPattern[]): EventPattern {
  const texts = new Map(patterns.map((pattern) => [JSON.stringify(pattern), pattern]));
  const [first = {}, ...others] = texts.values();
  return others.length === 0 ? first : { $or: [first, ...others] };
}

function objectFault(value: unknown, path: string): string | undefined {
  const place = path === '' ? 'the pattern' : `'${path}'`;
  if (!isObject(value)) return `${place} must be a JSON object`;
  const fields = Object.entries(value);
  if (fields.length === 0) return `${place} must name a field`;
  return firstOf(fields, ([field, part]) => fieldFault(field, part, joined(path, field)));
}

function fieldFault(field: string, value: unknown, path: string): string | undefined {
  if (field === '$or') return alternativesFault(value, path);
  if (isObject(value)) return objectFault(value, path);
  if (!Array.isArray(value)) return `'${path}' must be a list of values, or an object`;
  if (value.length === 0) return `'${path}' must be a list of at least one value`;
  return firstOf(value, (match, index) => matchFault(match, `${path}[${index}]`));
}

function alternativesFault(value: unknown, path: string): string | undefined {
  if (!Array.isArray(value) || value.length < 2) {
    return `'${path}' must be a list of at least two patterns`;
  }
  return firstOf(value, (pattern, index) => objectFault(pattern, `${path}[${index}]`));
}

function matchFault(match: unknown, path: string): string | undefined {
  if (match === null || ['string', 'number', 'boolean'].includes(typeof match)) return undefined;
  if (!isObject(match)) return `'${path}' must be a value, or a matcher`;
  const [matcher, ...others] = Object.keys(match);
  if (matcher === undefined || others.length > 0) return `'${path}' must have one matcher`;
  if (MATCHERS.has(matcher)) return undefined;
  return `'${path}' has no matcher that EventBridge knows: '${matcher}'`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function joined(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

function firstOf<T>(
  items: readonly T[],
  faultOf: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const fault = faultOf(item, index);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
