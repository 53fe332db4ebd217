/**
 * Strings cut out of a decoded buffer are slices: a retained slice of 13 characters or more keeps
 * the whole 32 KB buffer text alive. Strings that enter state are therefore copied flat.
 */

/** V8 copies shorter substrings anyway (`SlicedString::kMinLength`). */
const MIN_SLICE_LENGTH = 13;
const SCRATCH_BYTES = 4096;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
const BEYOND_LATIN1 = /[\u0100-\uffff]/;

/** An equal string that shares no memory with a longer one. */
export function flatCopy(text: string): string {
  if (text.length < MIN_SLICE_LENGTH) return text;
  if (BEYOND_LATIN1.test(text)) return Buffer.from(text, 'utf16le').toString('utf16le');
  if (text.length > SCRATCH_BYTES) return Buffer.from(text, 'latin1').toString('latin1');
  return scratch.toString('latin1', 0, scratch.write(text, 'latin1'));
}

/**
 * Replaces the strings of a value that enters state by flat copies, in place: nobody can tell,
 * since an equal string takes the place of a string. Looks two levels deep into plain objects and
 * arrays; leaves frozen objects and class instances alone.
 *
 * @param previous what the state held before; strings it shares with `value` are flat already.
 * @returns the value itself, or the copy if it is a string.
 */
export function flattenStrings<T>(value: T, previous?: unknown): T;
export function flattenStrings(value: unknown, previous?: unknown): unknown {
  if (typeof value === 'string') return value === previous ? previous : flatCopy(value);
  if (typeof value === 'object' && value !== null) flattenFields(value, previous, 1);
  return value;
}

function flattenFields(holder: object, previous: unknown, deeper: number): void {
  if (holder === previous) return;
  if (Array.isArray(holder)) {
    for (let i = 0; i < holder.length; i++) flattenField(holder, i, undefined, deeper);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(holder);
  if (prototype !== Object.prototype && prototype !== null) return;
  for (const name in holder) flattenField(holder, name, previous, deeper);
}

function flattenField(
  holder: object,
  name: string | number,
  previous: unknown,
  deeper: number,
): void {
  const fields = holder as Record<string | number, unknown>;
  const field = fields[name];
  if (typeof field === 'string') {
    if (field.length < MIN_SLICE_LENGTH) return;
    const before = fieldOf(previous, name);
    // A comparison of equal strings is cheaper than a copy, and the one before is flat.
    const flat = before === field ? before : flatCopy(field);
    // Reflect.set answers false where an assignment to a frozen object would throw.
    if (!Object.isFrozen(holder)) Reflect.set(holder, name, flat);
  } else if (deeper > 0 && typeof field === 'object' && field !== null) {
    flattenFields(field, fieldOf(previous, name), deeper - 1);
  }
}

function fieldOf(holder: unknown, name: string | number): unknown {
  if (typeof holder !== 'object' || holder === null) return undefined;
  return (holder as Record<string | number, unknown>)[name];
}
