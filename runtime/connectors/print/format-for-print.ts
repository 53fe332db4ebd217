type RawJson = (text: string) => unknown;
const { rawJSON } = JSON as unknown as { readonly rawJSON: RawJson };

/** A value as a person wants to see it on one line; never throws. */
export function formatForPrint(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value, printable) ?? String(value);
  } catch {
    // A cycle, or a toJSON that throws.
    return Object.prototype.toString.call(value);
  }
}

function printable(_key: string, value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return rawJSON(String(value));
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    default:
      if (value instanceof Map) return Object.fromEntries(value);
      return value instanceof Set ? [...value] : value;
  }
}
