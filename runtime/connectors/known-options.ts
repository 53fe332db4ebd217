import { nearestName, StreamError } from '../core/index.ts';

/**
 * Refuses an option nobody reads: a misspelled one would silently be left out.
 *
 * @throws {StreamError} kind `invalid`, code `UNKNOWN_CONNECTOR_OPTION`, with the nearest name.
 */
export function checkKnownOptions(
  connector: string,
  options: object,
  known: readonly string[],
): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const hint =
      nearest === undefined ? `known: ${known.join(', ')}` : `did you mean '${nearest}'?`;
    throw new StreamError({
      kind: 'invalid',
      code: 'UNKNOWN_CONNECTOR_OPTION',
      message: `${connector} has no option '${name}': ${hint}`,
      details: { connector, option: name },
    });
  }
}
