/** A text cut to `maxChars`, on one line, for messages. */
export function shorten(text: string, maxChars = 120): string {
  const line = text.replaceAll('\r', '\\r').replaceAll('\n', '\\n');
  return line.length <= maxChars ? line : `${line.slice(0, maxChars)}…`;
}
