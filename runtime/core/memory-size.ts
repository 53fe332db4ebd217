import { StreamError } from './errors.ts';

const KIB = 1024;
const UNITS: readonly (readonly [factorBytes: number, labels: readonly string[]])[] = [
  [1, ['b', 'bytes']],
  [KIB, ['k', 'kb', 'kibibytes']],
  [KIB ** 2, ['m', 'mb', 'mebibytes']],
  [KIB ** 3, ['g', 'gb', 'gibibytes']],
  [KIB ** 4, ['t', 'tb', 'tebibytes']],
];
const FACTOR_BYTES: ReadonlyMap<string, number> = new Map(
  UNITS.flatMap(([factorBytes, labels]) => labels.map((label) => [label, factorBytes] as const)),
);

/**
 * An amount of memory in bytes: a number, or Flink's text form, whose units are powers of 1024.
 *
 * @see org.apache.flink.configuration.MemorySize (release-1.20) for the labels.
 * @throws {StreamError} kind `invalid`, code `MALFORMED_MEMORY_SIZE`, for anything else.
 */
export function parseMemoryBytes(size: number | string): number {
  const sizeBytes = typeof size === 'number' ? size : textToBytes(size);
  if (sizeBytes !== undefined && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)
    return sizeBytes;
  throw new StreamError({
    kind: 'invalid',
    code: 'MALFORMED_MEMORY_SIZE',
    message: `expected a size such as '128 mb', '64 kb', '1 g', or a number of bytes: value=${JSON.stringify(size)}`,
    details: { value: String(size) },
  });
}

function textToBytes(text: string): number | undefined {
  const [, digits = '', label = ''] = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factorBytes = label === '' ? 1 : FACTOR_BYTES.get(label.toLowerCase());
  return digits === '' || factorBytes === undefined ? undefined : Number(digits) * factorBytes;
}
